"""Start a command with limits, which the kernel stops when its parent process ends, even if the parent is killed.

`python -I -S child_process.py <parent's pid> <limits> <command>…` limits its own memory, processor time and files, asks
Linux to send SIGTERM when the parent ends, and then becomes the command. These requests belong between fork and exec,
where running Python code (subprocess's preexec_fn) can deadlock a process that has threads. So this file is a program
of its own, and uses only the standard library. On systems without such a limit, the limit has no effect.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLimits:
    """The limits of one child process; None means no limit."""

    memory_bytes: int | None = None
    cpu_s: int | None = None
    file_bytes: int | None = None
    """The size of each file that the process writes."""


NO_LIMITS = ChildLimits()


def bound_to_parent(command: Sequence[str], limits: ChildLimits = NO_LIMITS) -> list[str]:
    """Return the command line that has these limits, and gets SIGTERM when this process ends."""
    numbers = ",".join(str(limit or 0) for limit in (limits.memory_bytes, limits.cpu_s, limits.file_bytes))
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), numbers, *command]


def main(parent_pid: int, limits: ChildLimits, command: Sequence[str]) -> None:
    """Apply the limits, request SIGTERM at the parent's end, then become the command."""
    import resource  # noqa: PLC0415  (Windows has no such module, but may import the other functions)

    for kind, limit in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        if limit is not None:
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, (limit, limit))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent_pid:  # the parent ended before prctl was called
            sys.exit(1)
    os.execvp(command[0], list(command))  # noqa: S606  an argument list, and no shell is wanted


if __name__ == "__main__":
    _memory, _cpu, _file = (int(text) or None for text in sys.argv[2].split(","))
    main(int(sys.argv[1]), ChildLimits(memory_bytes=_memory, cpu_s=_cpu, file_bytes=_file), sys.argv[3:])
