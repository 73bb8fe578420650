"""Start a command with limits, which the kernel stops when its parent process ends, even if the parent is killed.

`python -I -S child_process.py <parent's pid> <limits> <command>…` limits its own memory, processor time and files, asks
Linux to send SIGTERM when the parent ends, and then becomes the command. These requests belong between fork and exec,
where running Python code (subprocess's preexec_fn) can deadlock a process that has threads. So this file is a program
of its own, and uses only the standard library. On systems without such a limit, the limit has no effect.
"""

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress

TYPE_CHECKING = False  # as typing's, whose import every job would wait for
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mediaconvert_emulator.child_limits import ChildLimits

PR_SET_PDEATHSIG = 1


def bound_to_parent(command: "Sequence[str]", limits: "ChildLimits | None" = None) -> list[str]:
    """Return the command line that has these limits, and gets SIGTERM when this process ends."""
    chosen = (limits.memory_bytes, limits.cpu_s, limits.file_bytes) if limits else ()
    numbers = ",".join(str(limit or 0) for limit in chosen or (0, 0, 0))
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), numbers, *command]


def main(parent_pid: int, limits: tuple[int, int, int], command: "Sequence[str]") -> None:
    """Apply the limits, request SIGTERM at the parent's end, then become the command.

    Args:
        parent_pid: The process that started this one.
        limits: The memory in bytes, the processor time in seconds, the size of a file in bytes; 0 means no limit.
        command: The command.
    """
    memory_bytes, cpu_s, file_bytes = limits
    for kind, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, file_bytes),
    ):
        if limit:
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent_pid:  # the parent ended before prctl was called
            sys.exit(1)
    os.execvp(command[0], list(command))  # noqa: S606  an argument list, and no shell is wanted


if __name__ == "__main__":
    _memory, _cpu, _file = (int(text) for text in sys.argv[2].split(","))
    main(int(sys.argv[1]), (_memory, _cpu, _file), sys.argv[3:])
