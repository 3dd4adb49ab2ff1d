"""Python `picows`, which gives frames to a listener and leaves messages to its user."""

import asyncio
import struct

from picows import (
    WSCloseCode,
    WSListener,
    WSMsgType,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_connect,
    ws_create_server,
)

from peer import MESSAGE_MAX, SUBPROTOCOL, Closed, main

FRAME_MAX = 2 * MESSAGE_MAX


class Connection(WSListener):
    def __init__(self, on_open=None):
        super().__init__()
        self.on_open = on_open
        self.incoming = asyncio.Queue()
        self.end = asyncio.get_running_loop().create_future()
        self.pongs = asyncio.Queue()
        self.writable = asyncio.Event()
        self.writable.set()
        self.received_code = 1006
        self.subprotocol = None

    def on_ws_connected(self, transport):
        self.ws = transport
        self.transport = transport.underlying_transport
        if self.on_open:
            self.on_open(self)

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.TEXT:
            self.incoming.put_nowait(frame.get_payload_as_utf8_text())
        elif frame.msg_type == WSMsgType.BINARY:
            self.incoming.put_nowait(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.PONG:
            self.pongs.put_nowait(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            payload = frame.get_payload_as_bytes()
            self.received_code = struct.unpack("!H", payload[:2])[0] if payload else 1005
            if not transport.is_close_frame_sent:
                transport.send(WSMsgType.CLOSE, payload)
            transport.disconnect()

    def on_ws_disconnected(self, transport):
        if not self.end.done():
            self.end.set_result(self.received_code)
        self.incoming.put_nowait(None)

    def pause_writing(self):
        self.writable.clear()

    def resume_writing(self):
        self.writable.set()

    async def send(self, message):
        kind = WSMsgType.TEXT if isinstance(message, str) else WSMsgType.BINARY
        await self.send_frame(kind, message.encode() if isinstance(message, str) else message)

    async def send_frame(self, kind, data, fin=True):
        if self.end.done():
            raise Closed(self.received_code)
        self.ws.send(kind, data, fin=fin)
        await self.writable.wait()

    async def send_text_bytes(self, data):
        await self.send_frame(WSMsgType.TEXT, data)

    async def send_fragments(self, pieces, text, between=None):
        kind = WSMsgType.TEXT if text else WSMsgType.BINARY
        for index, piece in enumerate(pieces):
            await self.send_frame(kind, piece, fin=index == len(pieces) - 1)
            kind = WSMsgType.CONTINUATION
            if between and index == 0:
                await between()

    async def receive(self):
        message = await self.incoming.get()
        if message is None:
            raise Closed(self.received_code)
        return message

    async def ping(self, payload):
        self.ws.send_ping(payload)
        pong = await self.pongs.get()
        if pong != payload:
            raise AssertionError(f"a pong with {pong!r}")

    async def close(self, code, reason):
        self.ws.send_close(code, reason.encode())
        return await self.closed()

    async def close_without_code(self):
        self.ws.send(WSMsgType.CLOSE, b"")

    async def closed(self):
        return await asyncio.shield(self.end)


class Library:
    handling = set()

    @staticmethod
    async def open(url, subprotocols):
        headers = {"Sec-WebSocket-Protocol": ", ".join(subprotocols)} if subprotocols else None
        options = {"max_frame_size": FRAME_MAX, "extra_headers": headers}
        _, connection = await ws_connect(Connection, url, **options)
        connection.subprotocol = connection.ws.response.headers.get("Sec-WebSocket-Protocol")
        return connection

    @classmethod
    async def serve(cls, handle):
        def accepted(request):
            path = request.path.decode()

            def handle_it(connection):
                task = asyncio.ensure_future(handle(connection, path))
                cls.handling.add(task)
                task.add_done_callback(cls.handling.discard)

            connection = Connection(handle_it)
            if SUBPROTOCOL not in request.headers.get("Sec-WebSocket-Protocol", ""):
                return connection
            headers = {"Sec-WebSocket-Protocol": SUBPROTOCOL}
            response = WSUpgradeResponse.create_101_response(extra_headers=headers)
            return WSUpgradeResponseWithListener(response, connection)

        server = await ws_create_server(accepted, "127.0.0.1", 0, max_frame_size=FRAME_MAX)
        Library.server = server
        return server.sockets[0].getsockname()[1]


main(Library)
