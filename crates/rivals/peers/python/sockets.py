"""What the kernel holds of the connections to a server. src/sockets.rs says more."""

import time

STALLED_BYTES = 32 * 1024
STALLED_LOOKS = 10


def is_full(server):
    """Whether what was sent last stays where it is, because the server has stopped reading.

    The next message is sent only into an empty queue, so that it never waits. Nothing is read meanwhile: this blocks.
    """
    port = int(server.rsplit(":", 1)[1])
    stalled_looks = 0
    for _ in range(2000):
        own, others = 0, 0
        with open("/proc/net/tcp") as table:
            for line in table.readlines()[1:]:
                _, local, remote, _, queues, *_ = line.split()
                unsent = int(queues.split(":")[0], 16)
                if int(remote.split(":")[1], 16) == port:
                    own = max(own, unsent)
                elif int(local.split(":")[1], 16) == port:
                    others = max(others, unsent)
        if own == 0:
            return False
        stalled_looks = stalled_looks + 1 if others >= STALLED_BYTES else 0
        if stalled_looks == STALLED_LOOKS:
            return True
        time.sleep(0.005)
    raise AssertionError("the server neither read nor sent")
