"""A server for our client. README.md says what is behind each path."""

import asyncio
import struct

from peer import Closed, reset


async def serve(library):
    """Serves on a free port, whose number it prints, until it is killed."""

    async def handle(connection, path):
        try:
            while True:
                await answer(connection, path, await connection.receive())
        except (Closed, ConnectionError):
            pass  # What a client does wrong is seen by that client.

    port = await library.serve(handle)
    print(f"serving {port}", flush=True)
    await asyncio.Event().wait()


async def answer(connection, path, message):
    if path == "/close":
        code, _, reason = message.partition(" ")
        if code == "none":
            await connection.close_without_code()
            await connection.closed()
        else:
            await connection.close(int(code), reason)
    elif path == "/fragments":
        data = message.encode() if isinstance(message, str) else message
        pieces = [data[at : at + 3] for at in range(0, len(data), 3)]
        await connection.send_fragments([b"", *pieces, b""], text=isinstance(message, str))
    elif path == "/ping":
        await connection.ping(message.encode())
        await connection.send(f"pong {message}")
    elif path == "/flood":
        count, size = map(int, message.split())
        for index in range(count):
            await connection.send(struct.pack("<I", index) + bytes(size - 4))
    elif path == "/invalid":
        await connection.send_text_bytes(b"a\xffb")
    elif path == "/reset":
        reset(connection)
    else:
        await connection.send(message)
