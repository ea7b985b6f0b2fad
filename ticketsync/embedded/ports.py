"""A free port on loopback, as near to the preferred one as can be had."""

import errno
import random
import socket

from ticketsync.embedded.errors import NoFreePort

LOOPBACK = "127.0.0.1"
HIGHEST = 65535
TRIES = 200
# Below the ports that Linux (from 32768), macOS and Windows (from 49152) hand out by themselves: a connection or the
# inner ports of Temporal's server, which take what the system hands out, never get there first.
ANY = range(20000, 32768)


def free_port(preferred: int) -> int:
    """The preferred port if nobody listens on it, else the next free one; 0 takes any.

    Raises NoFreePort when 200 ports in a row, or any 200, are taken. The port is only looked at, not held: start the
    server at once.
    """
    for port in range(preferred, min(preferred + TRIES, HIGHEST + 1)) if preferred else random.sample(ANY, TRIES):
        if _is_free(port):
            return port
    where = f"from {preferred} on" if preferred else f"between {ANY.start} and {ANY.stop - 1}"
    raise NoFreePort(f"no free port on {LOOPBACK} {where}: choose another one or end what listens there")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Servers set this too: a port whose last connections are still being forgotten by the kernel can be used again.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
            return False
        return True
