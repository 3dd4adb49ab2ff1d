"""Python `websockets`, its asyncio client and server."""

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from peer import MESSAGE_MAX, SUBPROTOCOL, Closed, main


class Connection:
    def __init__(self, connection):
        self.connection = connection
        self.transport = connection.transport
        self.subprotocol = connection.subprotocol

    def compresses(self):
        return [extension.name for extension in self.connection.protocol.extensions] == ["permessage-deflate"]

    async def send(self, message, **options):
        try:
            await self.connection.send(message, **options)
        except ConnectionClosed as error:
            raise Closed(self.code(), f"{error}, {error.__cause__!r}") from None

    async def send_text_bytes(self, data):
        await self.send(data, text=True)

    async def send_fragments(self, pieces, text, between=None):
        async def all_pieces():
            yield pieces[0]
            if between:
                await between()
            for piece in pieces[1:]:
                yield piece

        await self.send(all_pieces(), text=text)

    async def receive(self):
        try:
            return await self.connection.recv()
        except ConnectionClosed as error:
            raise Closed(self.code(), f"{error}, {error.__cause__!r}") from None

    async def ping(self, payload):
        # The library completes this wait only for a pong with the same payload.
        await (await self.connection.ping(payload))

    async def close(self, code, reason):
        await self.connection.close(code, reason)
        return self.code()

    async def close_without_code(self):
        # `close()` always sends a code; the protocol object below it does not have to.
        async with self.connection.send_context():
            self.connection.protocol.send_close()

    async def closed(self):
        await self.connection.wait_closed()
        return self.code()

    def code(self):
        received = self.connection.protocol.close_rcvd
        return int(received.code) if received else 1006


class Library:
    @staticmethod
    async def open(url, subprotocols):
        options = {"proxy": None, "max_size": MESSAGE_MAX, "subprotocols": list(subprotocols) or None}
        return Connection(await connect(url, **options))

    @staticmethod
    async def serve(handle):
        async def accepted(connection):
            await handle(Connection(connection), connection.request.path)

        def choose(connection, offers):
            # Of itself it refuses those that do not offer it.
            return SUBPROTOCOL if SUBPROTOCOL in offers else None

        options = {"max_size": 2 * MESSAGE_MAX, "subprotocols": [SUBPROTOCOL], "select_subprotocol": choose}
        server = await serve(accepted, "127.0.0.1", 0, **options)
        return server.sockets[0].getsockname()[1]


main(Library)
