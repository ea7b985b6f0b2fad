"""A free port on loopback, as near to the preferred one as can be had."""

import errno
import socket

from ticketsync.embedded.errors import NoFreePort

LOOPBACK = "127.0.0.1"
HIGHEST = 65535
TRIES = 200


def free_port(preferred: int) -> int:
    """The preferred port if nobody listens on it, else the next free one; 0 asks the system for any.

    Raises NoFreePort when 200 ports in a row are taken. The port is only looked at, not held: start the server at once.
    """
    if preferred == 0:
        return _any_port()
    for port in range(preferred, min(preferred + TRIES, HIGHEST + 1)):
        if _is_free(port):
            return port
    raise NoFreePort(f"no free port on {LOOPBACK} from {preferred} on: choose another one or end what listens there")


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


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
