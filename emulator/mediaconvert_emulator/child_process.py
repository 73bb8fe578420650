"""Start a command that the kernel stops when its parent process ends, even if the parent is killed.

`python -I -S child_process.py <parent's pid> <command>…` asks Linux to send SIGTERM when the parent ends, and then
becomes the command. This request belongs between fork and exec, where running Python code (subprocess's preexec_fn) can
deadlock a process that has threads. So this file is a program of its own, and uses only the standard library. On other
systems it only becomes the command.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def bound_to_parent(command: Sequence[str]) -> list[str]:
    """Return the command line that gets SIGTERM when this process ends."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def main(parent_pid: int, command: Sequence[str]) -> None:
    """Request SIGTERM at the parent's end, then become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent_pid:  # the parent ended before prctl was called
            sys.exit(1)
    os.execvp(command[0], list(command))  # noqa: S606  an argument list, and no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
