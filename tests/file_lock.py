"""A lock between the processes of a test run, for work that only one of them may do."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from local.embedded_aws import ROOT


@contextmanager
def file_lock(name: str) -> Iterator[None]:
    """Hold the lock of this name in this checkout; the kernel releases it when the process dies."""
    folder = ROOT / ".local"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
