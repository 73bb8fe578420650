"""Start a command that the kernel stops when the process that started it is gone, however that one ended.

`python -I -S child_process.py <parent's pid> <command>…` asks Linux for the signal and becomes the command. It is a
program of its own, with only the standard library, because the request belongs between fork and exec, where running
Python (subprocess's preexec_fn) can deadlock a process that has threads. On other systems it only becomes the command.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def bound_to_parent(command: Sequence[str]) -> list[str]:
    """The command, tied to the life of this process: SIGTERM reaches it when we are gone."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def main(parent_pid: int, command: Sequence[str]) -> None:
    """Ask for SIGTERM at the parent's death, then become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent_pid:  # it died before we asked
            sys.exit(1)
    os.execvp(command[0], list(command))  # noqa: S606  an argument list, and no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
