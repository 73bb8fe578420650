"""A job, and the one rule that decides how its events change it.

Pure: no AWS, no clock, no environment. `transcode.status_table` states the same rule as a conditional write; a
model-based test checks that the two agree.

A field of `Output`, `Rendition` or `OutputFile` is written by hand here, in the event parser (`worker.messages`) and
nowhere else: the row, info.json, the API's schema and the page's types are derived from these classes. `metadata` holds
the API's description of a field.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from transcode.billing import Billing, MadeOutput

POSTER = "poster"
"""The kind of the file that is the picture of the video."""


class Status(StrEnum):
    """The status of a job, as stored in `JobStatus`."""

    SUBMITTED = "SUBMITTED"
    PROGRESSING = "PROGRESSING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """True if nothing can change the job any more."""
        return self in FINAL


FINAL = frozenset({Status.COMPLETE, Status.ERROR, Status.CANCELED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One encoded picture size of a finished job; sizes in pixels, `playlist` relative to the output path."""

    width_px: int
    height_px: int
    duration_ms: int | None = None
    playlist: str | None = None
    average_bitrate_bps: int | None = field(
        default=None, metadata={"description": "Bits per second of the picture, on average; null if not reported."}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One file of a finished job that belongs to no playlist; `name` is relative to the output path.

    Of a series of captured pictures, this is the last one.
    """

    kind: str = field(
        metadata={
            "description": "poster (a picture of the video), image, video, audio, captions or other.",
            "examples": ["poster"],
        }
    )
    name: str = field(metadata={"examples": ["guarded-files/1/Big-Buck-Bunny_poster.0000001.jpg"]})
    size_bytes: int | None = field(default=None, metadata={"description": "Null if it isn't known."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The files that a finished job wrote.

    `path` is the key prefix in the output bucket, and ends in "/". `playlists` maps a suffix to the playlist's name
    below it: `{".m3u8": "Big Buck Bunny.m3u8"}`. Size and duration are those of the largest rendition; they are None
    if no output has a picture or a length.
    """

    path: str = field(
        metadata={"description": "Key prefix in the output bucket; an address (`s3://`) in another bucket."}
    )
    duration_ms: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    playlists: Mapping[str, str] = field(
        default_factory=dict, metadata={"examples": [{".m3u8": "Big-Buck-Bunny.m3u8"}]}
    )
    renditions: Sequence[Rendition] = ()
    files: Sequence[OutputFile] = field(
        default=(), metadata={"description": "The files that belong to no playlist, such as a poster or a download."}
    )

    @property
    def poster(self) -> OutputFile | None:
        """The picture of the video that a page shows before playback."""
        return next((each for each in self.files if each.kind == POSTER), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The reason why a job ended in ERROR, or could not be created; callers may read the message.

    `reason` is a stable word for a limit of this deployment that the input or the caller exceeds.
    """

    code: int
    message: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class JobWarning:
    """A warning of MediaConvert about a job; COMPLETE gives codes only."""

    code: int
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """PROGRESSING or STATUS_UPDATE; `percent` (0 to 100) and `phase` if the event has them."""

    job_id: str
    time_ms: int
    percent: int | None = None
    phase: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningRaised:
    """NEW_WARNING."""

    job_id: str
    time_ms: int
    warning: JobWarning


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """COMPLETE, with everything that the event says about the outputs.

    `made` are the outputs for the bill, in the order of the job's settings. The worker adds what they cost, `billed`.
    """

    job_id: str
    time_ms: int
    output: Output
    warnings: frozenset[JobWarning] = frozenset()
    made: Sequence[MadeOutput] = ()
    billed: Billing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """ERROR."""

    job_id: str
    time_ms: int
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceled:
    """CANCELED."""

    job_id: str
    time_ms: int


JobEvent = Progressed | WarningRaised | Completed | Failed | Canceled


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One MediaConvert job, as the status table stores it.

    `event_time_ms` is the timestamp of the last progress or final event applied (0 before the first). `started_ms` is
    the timestamp of the first progress event, which found the job at `started_percent`. `submitted_s`, `updated_s` and
    `cancel_requested_s` are our own clock's, in Unix seconds. `cancel_requested_s` is the time at which a caller last
    requested the job's end; None if there was no request, or the job has ended.
    `estimate` is the expected cost, and `billed` the cost of the outputs that were made; None is unknown.
    """

    job_id: str
    status: Status = Status.SUBMITTED
    event_time_ms: int = 0
    started_ms: int | None = None
    started_percent: int = 0
    progress_percent: int | None = None
    phase: str | None = None
    output: Output | None = None
    failure: Failure | None = None
    warnings: frozenset[JobWarning] = frozenset()
    estimate: Billing | None = None
    billed: Billing | None = None
    input_file: str | None = None
    file_name: str | None = None
    owner: str | None = None
    external_id: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0
    submitted_s: int | None = None
    updated_s: int | None = None
    cancel_requested_s: int | None = None
    is_followed: bool = False
    """True if another program created the job: this system shows it, and never changes or plays it for that program."""
    profile: str | None = None
    """The profile of the job: the name by which the deployment's settings know its job template."""

    @property
    def cancel_requested(self) -> bool:
        """True from a caller's request to cancel the job until the job ends."""
        return self.cancel_requested_s is not None

    def with_cancel_request(self, *, now_s: int) -> "Job":
        """Return the job after a caller's request to cancel it; a job that is over doesn't change."""
        return self if self.status.is_final else replace(self, cancel_requested_s=now_s)


def advance(job: Job, event: JobEvent) -> Job:
    """Return the job after the event; the same object if the event changes nothing.

    1. A final job never changes.
    2. A final event ends any other job, whatever its timestamp: an older one is still true.
    3. A progress event counts only if it is newer than the last one applied. The percentage never falls, and a field
       that the event lacks keeps its value.
    4. Warnings are added in any order.
    """
    if job.status.is_final:
        return job
    match event:
        case Progressed():
            return _progressed(job, event)
        case WarningRaised(warning=warning):
            return job if warning in job.warnings else replace(job, warnings=job.warnings | {warning})
        case Completed():
            done = _ended(job, Status.COMPLETE, event.time_ms)
            warnings = job.warnings | event.warnings
            return replace(done, progress_percent=100, output=event.output, warnings=warnings, billed=event.billed)
        case Failed():
            return replace(_ended(job, Status.ERROR, event.time_ms), failure=event.failure)
        case Canceled():
            return _ended(job, Status.CANCELED, event.time_ms)
        case never:
            assert_never(never)


def _progressed(job: Job, event: Progressed) -> Job:
    if event.time_ms <= job.event_time_ms:
        return job
    known = [percent for percent in (job.progress_percent, event.percent) if percent is not None]
    return replace(
        job,
        status=Status.PROGRESSING,
        event_time_ms=event.time_ms,
        started_ms=event.time_ms if job.started_ms is None else job.started_ms,
        started_percent=event.percent or 0 if job.started_ms is None else job.started_percent,
        progress_percent=max(known, default=None),
        phase=event.phase or job.phase,
    )


def _ended(job: Job, status: Status, time_ms: int) -> Job:
    return replace(job, status=status, event_time_ms=time_ms, phase=None, cancel_requested_s=None)


def worth_applying(events: Sequence[JobEvent]) -> list[int]:
    """Return the positions of those of one job's events that are worth applying, in the order to apply them.

    However long the backlog is, its progress is one event, the newest: after that one, the rule would ignore the
    others. Warnings come before the event that ends the job. Only the earliest final event counts, because nothing
    can follow it.
    """
    warnings: dict[JobWarning, int] = {}
    progress: list[int] = []
    final: list[int] = []
    for position, event in enumerate(events):
        match event:
            case WarningRaised(warning=warning):
                warnings.setdefault(warning, position)
            case Progressed():
                progress.append(position)
            case Completed() | Failed() | Canceled():
                final.append(position)
            case never:
                assert_never(never)

    def time_ms(position: int) -> int:
        return events[position].time_ms

    newest = [max(progress, key=time_ms)] if progress else []
    earliest = [min(final, key=time_ms)] if final else []
    return [*warnings.values(), *newest, *earliest]


def eta_s(job: Job, *, now_ms: int) -> int | None:
    """Return the estimated seconds until the job is done, from its rate so far; None if there is no estimate.

    The rate is the gain in percent between the first progress event and the last one. Time in the queue doesn't count,
    and neither does progress before the first event. A job that takes longer than estimated has no estimate any more.
    """
    if job.status is not Status.PROGRESSING or job.progress_percent is None or job.started_ms is None:
        return None
    gained = job.progress_percent - job.started_percent
    elapsed_ms = job.event_time_ms - job.started_ms
    if gained <= 0 or elapsed_ms <= 0:
        return None
    left_ms = elapsed_ms * (100 - job.progress_percent) / gained - (now_ms - job.event_time_ms)
    return round(left_ms / 1000) if left_ms >= 0 else None
