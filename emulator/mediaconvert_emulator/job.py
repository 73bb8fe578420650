"""A job and how it changes. Pure: the time is always told."""

import secrets
import string
from dataclasses import dataclass, field
from enum import StrEnum

from mediaconvert_emulator.errors import JobError
from mediaconvert_emulator.overlay import JsonObject
from mediaconvert_emulator.package import GroupReport
from mediaconvert_emulator.progress import Progress
from mediaconvert_emulator.renditions import Note
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
    """An id of AWS's form: milliseconds since the epoch, six lower-case letters and digits."""
    return f"{now_ms}-{''.join(secrets.choice(ID_ALPHABET) for _ in range(ID_SUFFIX_LENGTH))}"


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """A job: what was asked for, and how it stands. Times are milliseconds since the epoch."""

    id: str
    request: JsonObject
    settings: JsonObject = field(repr=False)
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
    notes: tuple[Note, ...] = ()
    last_event_ms: int = 0

    @property
    def is_finished(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in FINAL

    @property
    def user_metadata(self) -> dict[str, str]:
        """What the caller tied to the job."""
        return self.request.get("userMetadata") or {}

    def start(self, now_ms: int) -> None:
        """The job leaves its queue."""
        self.status, self.started_ms = Status.PROGRESSING, now_ms

    def finish(self, status: Status, now_ms: int, *, error: JobError | None = None) -> None:
        """The job ends, for good."""
        self.status, self.finished_ms, self.error = status, now_ms, error

    def next_event_ms(self, now_ms: int) -> int:
        """The timestamp of the job's next event: strictly later than its last one's."""
        self.last_event_ms = max(now_ms, self.last_event_ms + 1)
        return self.last_event_ms
