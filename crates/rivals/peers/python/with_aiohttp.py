"""Python `aiohttp`, its client and its server."""


import struct

from aiohttp import ClientSession, WSMsgType, web

from peer import MESSAGE_MAX, SUBPROTOCOL, Closed, main

OURSELVES = {"autoping": False, "autoclose": False}
ENDS = (WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


class Connection:
    """Either side's: both have the same methods.

    Pings are left to us, because else pongs are kept from us too; and close frames, because else one that comes while a
    send fails is lost.
    """

    def __init__(self, websocket, transport, subprotocol):
        self.websocket = websocket
        self.transport = transport
        self.subprotocol = subprotocol
        self.sent_close = False
        self.received_code = 1006

    def compresses(self):
        return self.websocket.compress > 0

    async def send(self, message):
        kind = WSMsgType.TEXT if isinstance(message, str) else WSMsgType.BINARY
        await self.send_frame(message.encode() if isinstance(message, str) else message, kind)

    async def send_text_bytes(self, data):
        await self.send_frame(data, WSMsgType.TEXT)

    async def send_frame(self, data, kind):
        if self.websocket.closed:
            raise Closed(self.received_code)
        await self.websocket.send_frame(data, kind)

    async def next(self, kinds):
        while True:
            message = await self.websocket.receive()
            if message.type in kinds:
                return message.data
            if message.type is WSMsgType.PING:
                await self.websocket.pong(message.data)
            elif message.type is WSMsgType.CLOSE:
                await self.end(message.data, message.extra)
            elif message.type in ENDS:
                raise Closed(self.received_code)

    async def end(self, code, reason):
        # 0 is what the library makes of a close frame without a code.
        self.received_code = code or 1005
        if not self.sent_close:
            self.sent_close = True
            try:
                payload = struct.pack("!H", code) + reason.encode() if code else b""
                await self.websocket.send_frame(payload, WSMsgType.CLOSE)
            except ConnectionError:
                pass  # The other side has not waited for it.
        self.transport.close()
        raise Closed(self.received_code)

    async def receive(self):
        return await self.next((WSMsgType.TEXT, WSMsgType.BINARY))

    async def ping(self, payload):
        await self.websocket.ping(payload)
        pong = await self.next((WSMsgType.PONG,))
        if bytes(pong) != payload:
            raise AssertionError(f"a pong with {pong!r}")

    async def close(self, code, reason):
        self.sent_close = True
        await self.websocket.close(code=code, message=reason.encode())
        # 0 is what the library makes of a close frame without a code.
        return self.websocket.close_code or 1005

    async def close_without_code(self):
        self.sent_close = True
        await self.websocket.send_frame(b"", WSMsgType.CLOSE)

    async def closed(self):
        try:
            await self.receive()
        except Closed as closed:
            return closed.code
        raise AssertionError("a message instead of the end")


class Library:
    session = None

    @classmethod
    async def open(cls, url, subprotocols):
        if cls.session is None:
            cls.session = ClientSession()
        options = {"protocols": subprotocols, "max_msg_size": MESSAGE_MAX + 1, "compress": 15, **OURSELVES}
        websocket = await cls.session.ws_connect(url, **options)
        transport = websocket._response.connection.transport
        return Connection(websocket, transport, websocket.protocol)

    @staticmethod
    async def serve(handle):
        async def accepted(request):
            options = {"protocols": [SUBPROTOCOL], "max_msg_size": 2 * MESSAGE_MAX, **OURSELVES}
            websocket = web.WebSocketResponse(**options)
            await websocket.prepare(request)
            await handle(Connection(websocket, request.transport, websocket.ws_protocol), request.path)
            return websocket

        application = web.Application()
        application.router.add_get("/{path:.*}", accepted)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return site._server.sockets[0].getsockname()[1]


main(Library)
