"""The checks of the Python clients."""

import asyncio
import struct
import time

from peer import MEBIBYTE, MESSAGE_MAX, SUBPROTOCOL, Closed, report, reset, within
from sockets import is_full

RESETS = 10
SLOW_MESSAGES_MAX = 256
SLOW_MESSAGE_SIZE = 256 * 1024
TEXT = "a é ✓ 🐟 \0 end"


def expect_same(seen, expected, what):
    if type(seen) is not type(expected) or seen != expected:
        raise AssertionError(f"{what}: {str(seen)[:60]!r} instead of {str(expected)[:60]!r}")


async def expect_message(connection, expected, what="message"):
    try:
        seen = await within(connection.receive())
    except Exception as error:
        raise AssertionError(f"{type(error).__name__} {error}, instead of {what}") from None
    expect_same(seen, expected, what)


class Checks:
    """The checks, with one library against one server."""

    def __init__(self, library, server):
        self.library = library
        self.server = server

    def open(self, path="/echo", subprotocols=()):
        return within(self.library.open(self.server + path, subprotocols))

    async def end(self, connection, code=1000, reason=""):
        expect_same(await within(connection.close(code, reason)), code, "code of the close frame received")

    async def echo(self, message):
        connection = await self.open()
        await connection.send(message)
        await expect_message(connection, message)
        await self.end(connection)

    async def burst(self):
        messages = [f"message {i}" if i % 2 else struct.pack("<I", i) for i in range(1000)]

        async def send_all():
            for message in messages:
                await connection.send(message)

        connection = await self.open()
        sending = asyncio.create_task(send_all())
        for index, message in enumerate(messages):
            await expect_message(connection, message, f"message {index}")
        await within(sending)
        await self.end(connection)

    async def compression(self):
        """Of a server that agrees to it."""
        messages = [f'{{"index": {i}, "name": "ein Name: ✓"}}' * (1 + i % 30) for i in range(100)]
        connection = await self.open()
        expect_same(connection.compresses(), True, "permessage-deflate")
        for message in [*messages, bytes(i * i >> 8 & 255 for i in range(MEBIBYTE))]:
            await connection.send(message)
            await expect_message(connection, message)
        await self.end(connection)

    async def fragments(self):
        data = TEXT.encode()
        # The cuts at 3, 6 and 11 are inside of characters of 2, 3 and 4 bytes.
        pieces = [b"", data[:3], data[3:6], b"", data[6:11], data[11:], b""]
        connection = await self.open()
        await connection.send_fragments(pieces, text=True)
        await expect_message(connection, TEXT)
        await connection.send_fragments(pieces, text=False)
        await expect_message(connection, data)
        await self.end(connection)

    async def ping(self):
        connection = await self.open()
        for size in (0, 4, 125):
            await within(connection.ping(b"p" * size))
        await self.end(connection)

    async def ping_between_fragments(self):
        connection = await self.open()
        await connection.send_fragments([b"first, ", b"second"], text=True, between=lambda: within(connection.ping(b"between")))
        await expect_message(connection, "first, second")
        await self.end(connection)

    async def subprotocol(self):
        for offers, expected in (((SUBPROTOCOL, "other"), SUBPROTOCOL), ((), None)):
            connection = await self.open(subprotocols=offers)
            expect_same(connection.subprotocol, expected, "subprotocol")
            await self.end(connection)

    async def close(self, code, reason):
        await self.end(await self.open(), code, reason)

    async def close_without_code(self):
        connection = await self.open()
        await connection.close_without_code()
        expect_same(await within(connection.closed()), 1005, "code of the close frame received")

    async def refused(self, send, code):
        connection = await self.open()
        try:
            await within(send(connection))
        except (Closed, ConnectionError):
            pass  # The refusal may come while the rest is still being sent.
        expect_same(await within(connection.closed()), code, "code of the close frame received")

    async def hundred(self):
        connections = [await self.open() for _ in range(100)]
        for index, connection in enumerate(connections):
            await connection.send(f"connection {index}")
        for index, connection in enumerate(connections):
            await expect_message(connection, f"connection {index}")
        for connection in connections:
            await self.end(connection)

    async def abrupt_reset(self):
        bystander = await self.open()
        for index in range(RESETS):
            connection = await self.open()
            # Within a message: not all of it fits into the kernel.
            sending = asyncio.create_task(connection.send(bytes(15 * MEBIBYTE)))
            await asyncio.sleep(0)
            reset(connection)
            sending.cancel()
            await asyncio.wait([sending])
            await bystander.send(f"after reset {index}")
            await expect_message(bystander, f"after reset {index}", "echo on the open connection")
        await self.end(bystander)
        await self.echo(TEXT)

    async def slow_reader(self):
        """Sends without reading until neither side's kernel takes any more, then reads all of what comes back."""
        connection = await self.open()
        connection.transport.pause_reading()
        count = 0
        while not is_full(self.server):
            if count == SLOW_MESSAGES_MAX:
                raise AssertionError(f"the server took {count} messages and nobody read the echoes")
            await within(connection.send(numbered(count)))
            count += 1
        connection.transport.resume_reading()
        for index in range(count):
            await expect_message(connection, numbered(index), f"message {index}")
        await self.end(connection)

    async def stall(self, topic):
        connection = await self.open(f"/topic/{topic}")
        connection.transport.pause_reading()

    async def meet(self, topic, name, peer):
        """Meets `peer` in `topic`: README.md tells how."""
        heard = "alone"

        async def speak():
            while heard != "leaving":
                await connection.send(f"{name} {heard}")
                await asyncio.sleep(0.05)

        connection = await self.open(f"/topic/{topic}")
        speaking = asyncio.create_task(speak())
        try:
            while isinstance(message := await within(connection.receive()), str):
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
        await self.end(connection)

    def named(self, name):
        return {
            "text": lambda: self.echo(TEXT),
            "empty text": lambda: self.echo(""),
            "compression": self.compression,
            "binary": lambda: self.echo(bytes(range(256))),
            "empty binary": lambda: self.echo(b""),
            "1 MiB text": lambda: self.echo("✓" * ((MEBIBYTE - 1) // 3) + "a"),
            "1 MiB binary": lambda: self.echo(bytes((i * 31 >> 3) & 255 for i in range(MEBIBYTE))),
            "burst": self.burst,
            "fragments": self.fragments,
            "ping": self.ping,
            "ping between fragments": self.ping_between_fragments,
            "subprotocol": self.subprotocol,
            "close 1000": lambda: self.close(1000, ""),
            "close 1001": lambda: self.close(1001, "going away"),
            "close 3000": lambda: self.close(3000, "the reason"),
            "close 4999": lambda: self.close(4999, "ein Grund: ✓"),
            "close without a code": self.close_without_code,
            "message too big": lambda: self.refused(lambda connection: connection.send(bytes(MESSAGE_MAX + 1)), 1009),
            "invalid UTF-8": lambda: self.refused(lambda connection: connection.send_text_bytes(b"a\xffb"), 1007),
            "100 connections": self.hundred,
            "abrupt reset": self.abrupt_reset,
            "slow reader": self.slow_reader,
        }[name]


def numbered(index):
    return struct.pack("<I", index) + bytes(SLOW_MESSAGE_SIZE - 4)


async def run(library, server, command, *rest):
    """Makes the checks that the command line names, with this library."""
    checks = Checks(library, server)
    if command == "meet":
        await report("meet", lambda: checks.meet(*rest))
    elif command == "stall":
        await report("stall", lambda: checks.stall(*rest))
        while True:
            time.sleep(3600)  # Nothing else may run here: it could read.
    else:
        for name in rest:
            await report(name, lambda: checks.named(name)())
