"""The rule for what an audit reports, and the sums of what it found. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from worker.deletion.owned_outputs import input_file_of


class Problem(StrEnum):
    """The reason for which something is reported."""

    LEFT = "is left of a deleted upload"
    NO_UPLOAD = "belongs to no upload"
    UNFINISHED = "is not deleted yet, although a caller requested it"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundObject:
    """An object that a bucket contains. `modified_s` is Unix seconds."""

    key: str
    size_bytes: int
    modified_s: float
    etag: str = ""


@dataclass(slots=True)
class Sum:
    """The number and bytes of what has the same problem at one place."""

    count: int = 0
    size_bytes: int = 0


@dataclass(slots=True)
class Findings:
    """The problems, by their kind and by place: an input file, a folder of outputs, or a row."""

    by_place: dict[tuple[Problem, str], Sum] = field(default_factory=dict)

    def add(self, problem: Problem, place: str, *, size_bytes: int = 0) -> None:
        """Count one object or row."""
        found = self.by_place.setdefault((problem, place), Sum())
        found.count += 1
        found.size_bytes += size_bytes

    def lines(self) -> Iterable[str]:
        """Return a line for each problem, without unprintable characters."""
        for (problem, place), found in sorted(self.by_place.items()):
            size = f" ({found.count:,} objects, {found.size_bytes:,} bytes)" if found.size_bytes else ""
            text = f"{place}{size} {problem}"
            yield "".join(character if character.isprintable() else "?" for character in text)


def owner_of(key: str, *, is_output: bool) -> str:
    """Return the input file to which an object must belong.

    >>> owner_of("uploads/1f/cat.mp4_20261122083000-0a1b2c/cat.key", is_output=True)
    'uploads/1f/cat.mp4'
    """
    return (input_file_of(key) or key) if is_output else key


def place_of(key: str, *, is_output: bool) -> str:
    """Return the object's place in the report: the folder of an output, and otherwise the key."""
    return f"{key.rpartition('/')[0]}/" if is_output and "/" in key else key


def problem_of_object(upload: Mapping[str, Any] | None) -> Problem | None:
    """Return the problem of an object whose upload has this row; None for no row."""
    if upload is None:
        return Problem.NO_UPLOAD
    return Problem.LEFT if "DeletedTime" in upload else None


def is_unfinished(upload: Mapping[str, Any], *, before_s: float) -> bool:
    """Return whether a deletion was requested before that time and has not ended."""
    requested_s = upload.get("DeleteRequestedTime")
    return requested_s is not None and requested_s < before_s and "DeletedTime" not in upload


def problem_of_job(job: Mapping[str, Any], upload: Mapping[str, Any] | None) -> Problem | None:
    """Return the problem of a job's row. A row that expires by itself needs no upload."""
    if upload is None:
        return None if "ExpirationTime" in job else Problem.NO_UPLOAD
    return problem_of_object(upload)
