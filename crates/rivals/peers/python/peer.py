"""The command line of the Python peers, and what they share. src/driver.rs has the command line.

Each with_*.py is one library in both directions: a class with `open` and `serve`, and a connection with

- `send(message)` for a text or bytes, `receive()` for the next of them, which raises `Closed` at the end;
- `ping(payload)`, which waits for the pong with that payload;
- `close(code, reason)`, which waits for the end and gives the code that the other side sent;
- `closed()`, which waits for the end and gives that code too; 1005 where there was none, 1006 without a close frame;
- `transport`, the asyncio transport below it, and `subprotocol`;

and what not every library can: `send_fragments(pieces, text, between)`, `send_text_bytes(data)`, `close_without_code()`.
"""

import asyncio
import json
import socket
import struct
import sys

DEADLINE_SECONDS = 30
MEBIBYTE = 1 << 20
MESSAGE_MAX = 16 * MEBIBYTE
SUBPROTOCOL = "sockeye.test"


class Closed(Exception):
    """The connection ended, with the code of the close frame that came."""

    def __init__(self, code, why=""):
        super().__init__(f"closed with {code} {why}")
        self.code = code


def within(awaitable):
    """Waits, but not forever."""
    return asyncio.wait_for(awaitable, DEADLINE_SECONDS)


def reset(connection):
    """Has the kernel reset the connection."""
    # Closing a socket that lingers for no time resets the connection.
    own = connection.transport.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.transport.abort()


async def report(check, run):
    """Makes a check and prints its line."""
    try:
        await run()
        ok, detail = True, ""
    except Exception as error:
        ok, detail = False, f"{type(error).__name__}: {error}"
    print(json.dumps({"check": check, "ok": ok, "detail": detail}), flush=True)


def main(library):
    """Does what the command line asks for."""
    import client
    import server

    if sys.argv[1] == "serve":
        asyncio.run(server.serve(library))
    else:
        asyncio.run(client.run(library, *sys.argv[1:]))
