"""The rule for what an audit reports, and the sums of what it found. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from worker.deletion.owned_outputs import input_file_of, output_prefix


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


@dataclass(frozen=True, slots=True)
class OddNames:
    """The input files whose jobs' folders don't begin with the file's own name, by the name with which they begin.

    The name of a folder is shortened, and some characters are replaced. So several input files can have one name.
    """

    by_folder_name: dict[str, set[str]] = field(default_factory=dict)

    def add(self, input_file: str) -> None:
        """Add the file, if its name is odd."""
        name = output_prefix(input_file).removesuffix("_")
        if name != input_file:
            self.by_folder_name.setdefault(name, set()).add(input_file)


def owners_of(key: str, *, is_output: bool, odd: OddNames) -> Sequence[str]:
    """Return the input files to one of which an object must belong.

    >>> owners_of("uploads/1f/cat.mp4_20261122083000-0a1b2c/cat.key", is_output=True, odd=OddNames())
    ['uploads/1f/cat.mp4']
    """
    if not is_output:
        return [key]
    name = input_file_of(key) or key
    return [name, *sorted(odd.by_folder_name.get(name, ()))]


def place_of(key: str, *, is_output: bool) -> str:
    """Return the object's place in the report: the folder of an output, and otherwise the key."""
    return f"{key.rpartition('/')[0]}/" if is_output and "/" in key else key


def problem_of_object(*uploads: Mapping[str, Any] | None) -> Problem | None:
    """Return the problem of an object that belongs to one of the uploads with these rows; None for no row.

    If one of them is not deleted, the object may be its own.
    """
    rows = [upload for upload in uploads if upload is not None]
    if not rows:
        return Problem.NO_UPLOAD
    return Problem.LEFT if all("DeletedTime" in row for row in rows) else None


def is_unfinished(upload: Mapping[str, Any], *, before_s: float) -> bool:
    """Return whether a deletion was requested before that time and has not ended."""
    requested_s = upload.get("DeleteRequestedTime")
    return requested_s is not None and requested_s < before_s and "DeletedTime" not in upload


def problem_of_job(job: Mapping[str, Any], upload: Mapping[str, Any] | None) -> Problem | None:
    """Return the problem of a job's row. A row that expires by itself needs no upload."""
    if upload is None:
        return None if "ExpirationTime" in job else Problem.NO_UPLOAD
    return problem_of_object(upload)
