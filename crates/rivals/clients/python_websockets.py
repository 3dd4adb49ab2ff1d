"""Python `websockets`, its asyncio client. The command line is in src/driver.rs."""

import asyncio
import json
import socket
import struct
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

DEADLINE_SECONDS = 10
MEBIBYTE = 1 << 20
MESSAGE_MAX = 16 * MEBIBYTE
RESETS = 10
TEXT = "a é ✓ 🐟 \0 end"


def within(awaitable):
    """Waits, but not forever."""
    return asyncio.wait_for(awaitable, DEADLINE_SECONDS)


def expect_same(seen, expected, what):
    if type(seen) is not type(expected) or seen != expected:
        raise AssertionError(f"{what}: {str(seen)[:60]!r} instead of {str(expected)[:60]!r}")


def open_at(server, path="/echo", **options):
    return connect(server + path, proxy=None, max_size=MESSAGE_MAX, open_timeout=DEADLINE_SECONDS, **options)


async def expect_message(connection, expected, what="message"):
    expect_same(await within(connection.recv()), expected, what)


async def expect_closed(connection, code):
    """Waits for the end, and expects the close frame that came to have this code."""
    await within(connection.wait_closed())
    received = connection.protocol.close_rcvd
    expect_same(int(received.code) if received else None, code, "code of the close frame received")


async def echo(server, message):
    async with open_at(server) as connection:
        await connection.send(message)
        await expect_message(connection, message)


async def burst(server):
    messages = [f"message {i}" if i % 2 else struct.pack("<I", i) for i in range(1000)]

    async def send_all():
        for message in messages:
            await connection.send(message)

    async with open_at(server) as connection:
        sending = asyncio.create_task(send_all())
        for index, message in enumerate(messages):
            await expect_message(connection, message, f"message {index}")
        await within(sending)


async def fragments(server):
    data = TEXT.encode()
    # The cuts at 3, 6 and 11 are inside of characters of 2, 3 and 4 bytes.
    pieces = [b"", data[:3], data[3:6], b"", data[6:11], data[11:], b""]
    async with open_at(server) as connection:
        await connection.send(pieces, text=True)
        await expect_message(connection, TEXT)
        await connection.send(pieces, text=False)
        await expect_message(connection, data)


async def ping(server):
    async with open_at(server) as connection:
        for size in (0, 4, 125):
            # The library completes this wait only for a pong with the same payload.
            await within(await connection.ping(b"p" * size))


async def ping_between_fragments(server):
    async def pieces():
        yield "first, "
        await within(await connection.ping(b"between"))
        yield "second"

    async with open_at(server) as connection:
        await connection.send(pieces())
        await expect_message(connection, "first, second")


async def subprotocol(server):
    async with open_at(server, subprotocols=["sockeye.test", "other"]) as connection:
        expect_same(connection.subprotocol, "sockeye.test", "subprotocol")
    async with open_at(server) as connection:
        expect_same(connection.subprotocol, None, "subprotocol")


async def close(server, code, reason):
    async with open_at(server) as connection:
        await within(connection.close(code, reason))
        await expect_closed(connection, code)


async def close_without_code(server):
    async with open_at(server) as connection:
        # `close()` always sends a code; the protocol object below it does not have to.
        async with connection.send_context():
            connection.protocol.send_close()
        await expect_closed(connection, 1005)


async def refused(server, message, text, code):
    # Not `async with`: its end would close once more, which in 17.4 raises an AttributeError
    # from asyncio if the connection was lost while data were still being sent.
    connection = await open_at(server)
    try:
        await within(connection.send(message, text=text))
    except ConnectionClosed:
        pass  # The refusal may come while the rest is still being sent.
    await expect_closed(connection, code)


async def hundred(server):
    async def one(index):
        async with open_at(server) as connection:
            await within(all_open.wait())
            await connection.send(f"connection {index}")
            await expect_message(connection, f"connection {index}")
            await within(all_served.wait())

    all_open, all_served = asyncio.Barrier(100), asyncio.Barrier(100)
    await asyncio.gather(*(one(index) for index in range(100)))


async def reset(server):
    async def pieces():
        yield bytes(8 * MEBIBYTE)
        # Closing a socket that lingers for no time resets the connection.
        linger = struct.pack("ii", 1, 0)
        transport = connection.transport
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
        await within(connection.wait_closed())
        yield b"never sent"

    connection = await open_at(server)
    try:
        await within(connection.send(pieces()))
    except ConnectionClosed:
        return
    raise AssertionError("the connection outlived its reset")


async def abrupt_reset(server):
    async with open_at(server) as bystander:
        for index in range(RESETS):
            await reset(server)
            await bystander.send(f"after reset {index}")
            await expect_message(bystander, f"after reset {index}", "echo on the open connection")
    await echo(server, TEXT)


async def meet(server, topic, name, peer):
    """Meets `peer` in `topic`: README.md tells how."""
    heard = "alone"

    async def speak():
        while heard != "leaving":
            await connection.send(f"{name} {heard}")
            await asyncio.sleep(0.05)

    async with open_at(server, f"/topic/{topic}") as connection:
        speaking = asyncio.create_task(speak())
        try:
            while isinstance(message := await within(connection.recv()), str):
                if message == f"{peer} heard" and heard != "leaving":
                    heard = "leaving"
                    await connection.send(f"{name} heard")
                    await connection.send(f"{name} leaves".encode())
                elif message == f"{peer} alone" and heard == "alone":
                    heard = "heard"
                elif not message.startswith(f"{peer} "):
                    raise AssertionError(f"heard {message!r}, which {peer} did not say")
            expect_same(message, f"{peer} leaves".encode(), "binary message")
        finally:
            speaking.cancel()


CHECKS = {
    "text": lambda server: echo(server, TEXT),
    "empty text": lambda server: echo(server, ""),
    "binary": lambda server: echo(server, bytes(range(256))),
    "empty binary": lambda server: echo(server, b""),
    "1 MiB text": lambda server: echo(server, "✓" * ((MEBIBYTE - 1) // 3) + "a"),
    "1 MiB binary": lambda server: echo(server, bytes((i * 31 >> 3) & 255 for i in range(MEBIBYTE))),
    "burst": burst,
    "fragments": fragments,
    "ping": ping,
    "ping between fragments": ping_between_fragments,
    "subprotocol": subprotocol,
    "close 1000": lambda server: close(server, 1000, ""),
    "close 1001": lambda server: close(server, 1001, "going away"),
    "close 3000": lambda server: close(server, 3000, "the reason"),
    "close 4999": lambda server: close(server, 4999, "ein Grund: ✓"),
    "close without a code": close_without_code,
    "message too big": lambda server: refused(server, bytes(MESSAGE_MAX + 1), False, 1009),
    "invalid UTF-8": lambda server: refused(server, b"a\xffb", True, 1007),
    "100 connections": hundred,
    "abrupt reset": abrupt_reset,
}


async def report(check, run):
    try:
        await run()
        ok, detail = True, ""
    except Exception as error:
        ok, detail = False, f"{type(error).__name__}: {error}"
    print(json.dumps({"check": check, "ok": ok, "detail": detail}), flush=True)


async def main(server, command, *rest):
    if command == "meet":
        await report("meet", lambda: meet(server, *rest))
    else:
        for name in rest:
            await report(name, lambda: CHECKS[name](server))


asyncio.run(main(*sys.argv[1:]))
