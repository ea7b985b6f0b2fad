"""Run as a script, not imported: ties this process to its parent, then becomes the server.

A server must not outlive a parent that was killed without a chance to clean up. Linux can send a signal when the parent
dies (prctl PR_SET_PDEATHSIG), but a process has to ask for it itself. Asking between fork and exec (`preexec_fn`) runs
Python in a copy of a process whose other threads, such as those of the Temporal SDK, may have held locks: it can hang.
So a fresh interpreter asks and then execs the server, which keeps the setting and the process id.

Arguments: the parent's process id, then the command. Elsewhere than on Linux only the exec happens.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it died before we asked: the signal would never come
        sys.exit("the process that wanted this server is gone")
    try:
        os.execvp(command[0], command)  # noqa: S606 - the command is our own
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
