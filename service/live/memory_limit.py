"""The memory and the open files that this process may use, as the operating system says."""

import os
import resource
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
LIMIT_FILES = ("memory.max", "memory/memory.limit_in_bytes")
"""The limit of a container's memory: version 2 and version 1 of Linux's control groups.

https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""


def memory_bytes(cgroup: Path = CGROUP) -> int:
    """Return the container's memory, or the machine's if the container has no limit."""
    machine_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [_limit_bytes(cgroup / name) for name in LIMIT_FILES]
    return min([machine_bytes, *(limit for limit in limits if limit is not None)])


def open_files() -> int:
    """Return the number of files and connections that this process may have open at a time."""
    soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**20 if soft_limit == resource.RLIM_INFINITY else soft_limit


def _limit_bytes(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None  # "max" stands for no limit
