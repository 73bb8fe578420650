"""The job and its state changes. Pure: the caller passes the time."""

import secrets
import string
from dataclasses import dataclass, field
from enum import StrEnum

from mediaconvert_emulator.errors import JobError
from mediaconvert_emulator.hops import Hop, QueueTransition
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.output_report import GroupReport
from mediaconvert_emulator.progress import Progress
from mediaconvert_emulator.renditions import JobWarning
from mediaconvert_emulator.spec import JobSpec

ID_ALPHABET = string.ascii_lowercase + string.digits
ID_SUFFIX_LENGTH = 6


class Status(StrEnum):
    """A job's status; the last three are final."""

    SUBMITTED = "SUBMITTED"
    PROGRESSING = "PROGRESSING"
    COMPLETE = "COMPLETE"
    CANCELED = "CANCELED"
    ERROR = "ERROR"


FINAL = frozenset({Status.COMPLETE, Status.CANCELED, Status.ERROR})


def new_job_id(now_ms: int) -> str:
    """Return a job id in AWS's form: milliseconds since the epoch, a hyphen, six lower-case letters and digits."""
    return f"{now_ms}-{''.join(secrets.choice(ID_ALPHABET) for _ in range(ID_SUFFIX_LENGTH))}"


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """A job's request and its current state. Times are milliseconds since the epoch."""

    id: str
    request: JsonObject
    settings: JsonObject = field(repr=False)
    used_settings: JsonObject = field(repr=False)
    """The settings after the merge with presets, from which the spec was parsed."""
    spec: JobSpec = field(repr=False)
    queue: str
    priority: int
    status_update_interval_s: int
    submitted_ms: int
    status: Status = Status.SUBMITTED
    progress: Progress = field(default_factory=Progress)
    started_ms: int | None = None
    finished_ms: int | None = None
    error: JobError | None = None
    groups: tuple[GroupReport, ...] = ()
    warnings: tuple[JobWarning, ...] = ()
    hops: tuple[Hop, ...] = ()
    transitions: tuple[QueueTransition, ...] = ()
    unused_settings: tuple[str, ...] = ()
    """A warning for each setting that has no effect."""
    last_event_ms: int = 0

    @property
    def is_finished(self) -> bool:
        """True if the status is final."""
        return self.status in FINAL

    @property
    def user_metadata(self) -> dict[str, str]:
        """The metadata of the CreateJob request."""
        return self.request.get("userMetadata") or {}

    def hop(self, hop: Hop, now_ms: int) -> None:
        """Move the job to another queue."""
        self.transitions += (QueueTransition(source=self.queue, destination=hop.queue, time_ms=now_ms),)
        self.queue = hop.queue
        self.priority = self.priority if hop.priority is None else hop.priority

    def start(self, now_ms: int) -> None:
        """Set the status to PROGRESSING."""
        self.status, self.started_ms = Status.PROGRESSING, now_ms

    def finish(self, status: Status, now_ms: int, *, error: JobError | None = None) -> None:
        """Set a final status."""
        self.status, self.finished_ms, self.error = status, now_ms, error

    def next_event_ms(self, now_ms: int) -> int:
        """Return the timestamp of the next event, which is later than the previous event's."""
        self.last_event_ms = max(now_ms, self.last_event_ms + 1)
        return self.last_event_ms
