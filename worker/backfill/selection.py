"""The rules of a backfill: which objects get a job, the sample for the estimate, and the ceiling. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transcode.billing import MS_PER_MINUTE

SCHEME = "s3://"
SAMPLE_SIZE = 10
"""The estimate probes this many objects, and fewer than twice as many; all objects, if there are not so many."""
TAKEN = ("ClaimedTime", "JobId", "Version", "DeleteRequestedTime", "DeletedTime")
"""Attributes of a row whose object has or had a job, waits for one, failed, or was deleted."""


class UnusableBackfillError(Exception):
    """The command names something that can't be backfilled; the message says what."""


def prefix_of(source: str, *, input_bucket: str, upload_prefix: str) -> str:
    """Return the prefix of the keys that `s3://bucket/prefix` names.

    Raises:
        UnusableBackfillError: This is no such URI, or the worker creates no jobs for objects there.
    """
    bucket, _, prefix = source.removeprefix(SCHEME).partition("/")
    if not source.startswith(SCHEME) or not bucket:
        raise UnusableBackfillError(f"{source} is no S3 URI, such as {SCHEME}{input_bucket}/{upload_prefix}")
    if bucket != input_bucket:
        raise UnusableBackfillError(f"the bucket is {bucket}; jobs are only made for the input bucket {input_bucket}")
    if not prefix.startswith(upload_prefix):
        raise UnusableBackfillError(f"the prefix is {prefix!r}; it must begin with UPLOAD_PREFIX, {upload_prefix!r}")
    return prefix


def is_untaken(row: Mapping[str, Any] | None) -> bool:
    """Return whether an object whose upload has this row may get its first job; None for no row.

    >>> is_untaken(None), is_untaken({"Announced": True}), is_untaken({"JobId": "1-a"})
    (True, True, False)
    """
    return row is None or not any(name in row for name in TAKEN)


def is_reserved(row: Mapping[str, Any] | None) -> bool:
    """Return whether the row exists, accepts one version of its object only, and has accepted none so far."""
    return row is not None and "Announced" in row and is_untaken(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An object without a job, the message that requests its job, and the profile of that job."""

    input_file: str
    size_bytes: int
    body: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The normalized milliseconds of a job. `is_probed` is false if the longest duration counts."""

    billable_ms: int
    is_probed: bool = True


@dataclass(slots=True)
class Sample:
    """Objects that are spread evenly over a list whose length isn't known in advance."""

    chosen: list[Candidate] = field(default_factory=list)
    _seen: int = 0
    _step: int = 1

    def add(self, candidate: Candidate) -> None:
        """Take the next object of the list into account."""
        if self._seen % self._step == 0:
            self.chosen.append(candidate)
        self._seen += 1
        if len(self.chosen) == 2 * SAMPLE_SIZE:
            self.chosen = self.chosen[::2]
            self._step *= 2


@dataclass(slots=True)
class Estimate:
    """The objects that a backfill found. `objects` of them get a job, and have `size_bytes` together."""

    listed: int = 0
    ignored: int = 0
    taken: int = 0
    objects: int = 0
    size_bytes: int = 0
    sample: Sample = field(default_factory=Sample)

    def add(self, candidate: Candidate) -> None:
        """Count an object that gets a job."""
        self.objects += 1
        self.size_bytes += candidate.size_bytes
        self.sample.add(candidate)

    def lines(self, sample: Sequence[Cost]) -> Sequence[str]:
        """Return the lines to print; `sample` has the costs of the sample's jobs, or is empty."""
        skipped = f"{self.taken:,} have or had a job, or are deleted, and {self.ignored:,} are empty, or folders"
        lines = [
            f"listed {self.listed:,} objects: {skipped}",
            f"to create: {self.objects:,} jobs, of {self.size_bytes:,} bytes",
        ]
        if sample:
            minutes = sum(each.billable_ms for each in sample) / len(sample) * self.objects / MS_PER_MINUTE
            lines.append(f"about {minutes:,.0f} billable minutes, by the lengths of {len(sample):,} of these files")
        if unprobed := sum(not each.is_probed for each in sample):
            lines.append(f"the length of {unprobed:,} of them is unknown, and counts as the longest that is accepted")
        return lines


@dataclass(slots=True, kw_only=True)
class Ceiling:
    """The most billable milliseconds that the jobs of one run may cost together; None for no limit."""

    limit_ms: int | None = None
    counted_ms: int = 0

    def admits(self, billable_ms: int) -> bool:
        """Count one more job and return True; return False, and count nothing, if it would exceed the limit."""
        if self.limit_ms is not None and self.counted_ms + billable_ms > self.limit_ms:
            return False
        self.counted_ms += billable_ms
        return True
