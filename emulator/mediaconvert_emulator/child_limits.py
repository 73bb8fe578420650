"""The limits of a child process. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLimits:
    """The limits of one child process; None means no limit."""

    memory_bytes: int | None = None
    cpu_s: int | None = None
    file_bytes: int | None = None
    """The size of each file that the process writes."""
