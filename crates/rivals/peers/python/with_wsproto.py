"""Python `wsproto`, which does no input and output: bytes come and go over asyncio's streams."""

import asyncio
from codecs import getincrementaldecoder
from collections import deque

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Message,
    Ping,
    Pong,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from peer import SUBPROTOCOL, Closed, main

READ_SIZE = 1 << 16


class Connection:
    def __init__(self, kind, reader, writer):
        self.protocol = WSConnection(kind)
        self.reader = reader
        self.writer = writer
        self.transport = writer.transport
        self.subprotocol = None
        self.extensions = []
        self.events = deque()
        self.pieces = []
        self.received_code = None

    def compresses(self):
        return [extension.name for extension in self.extensions] == ["permessage-deflate"]

    async def write(self, event):
        try:
            data = self.protocol.send(event)
        except LocalProtocolError:
            raise Closed(self.received_code or 1006) from None
        self.writer.write(data)
        await self.writer.drain()

    async def next(self):
        """The next event that is no answer to us alone."""
        while True:
            while self.events:
                event = self.events.popleft()
                if isinstance(event, Ping):
                    await self.write(event.response())
                elif isinstance(event, CloseConnection):
                    await self.end(event)
                else:
                    return event
            data = await self.reader.read(READ_SIZE)
            if not data:
                raise Closed(self.received_code or 1006)
            try:
                self.protocol.receive_data(data)
                self.events.extend(self.protocol.events())
            except RemoteProtocolError as error:
                if error.event_hint:
                    await self.write(error.event_hint)
                raise

    async def end(self, event):
        self.received_code = int(event.code)
        if self.protocol.state.name == "REMOTE_CLOSING":
            await self.write(event.response())
        self.writer.close()
        raise Closed(self.received_code)

    async def send(self, message):
        await self.write(Message(data=message))

    async def send_fragments(self, pieces, text, between=None):
        # It takes texts, not bytes of them: a character that is cut goes with the fragment it ends in.
        decoder = getincrementaldecoder("utf-8")()
        for index, piece in enumerate(pieces):
            data = decoder.decode(piece) if text else piece
            await self.write(Message(data=data, message_finished=index == len(pieces) - 1))
            if between and index == 0:
                await between()

    async def receive(self):
        while True:
            event = await self.next()
            if isinstance(event, (TextMessage, BytesMessage)):
                self.pieces.append(event.data)
                if event.message_finished:
                    pieces, self.pieces = self.pieces, []
                    return pieces[0][:0].join(pieces)

    async def ping(self, payload):
        await self.write(Ping(payload=payload))
        event = await self.next()
        if not isinstance(event, Pong) or bytes(event.payload) != payload:
            raise AssertionError(f"{event!r} instead of a pong")

    async def close(self, code, reason):
        await self.write(CloseConnection(code=code, reason=reason))
        return await self.closed()

    async def close_without_code(self):
        await self.write(CloseConnection(code=None))

    async def closed(self):
        try:
            while True:
                await self.receive()
        except Closed as closed:
            return closed.code
        except ConnectionError:
            return self.received_code or 1006


class Library:
    @staticmethod
    async def open(url, subprotocols):
        address, _, path = url.removeprefix("ws://").partition("/")
        host, port = address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        connection = Connection(ConnectionType.CLIENT, reader, writer)
        offers = {"subprotocols": list(subprotocols), "extensions": [PerMessageDeflate()]}
        await connection.write(Request(host=address, target=f"/{path}", **offers))
        answer = await connection.next()
        if not isinstance(answer, AcceptConnection):
            raise AssertionError(f"{answer!r} instead of the handshake")
        connection.subprotocol = answer.subprotocol
        connection.extensions = answer.extensions
        return connection

    @staticmethod
    async def serve(handle):
        async def accepted(reader, writer):
            connection = Connection(ConnectionType.SERVER, reader, writer)
            request = await connection.next()
            chosen = SUBPROTOCOL if SUBPROTOCOL in request.subprotocols else None
            await connection.write(AcceptConnection(subprotocol=chosen))
            await handle(connection, request.target)

        server = await asyncio.start_server(accepted, "127.0.0.1", 0)
        Library.server = server
        return server.sockets[0].getsockname()[1]


main(Library)
