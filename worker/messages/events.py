"""The events that messages become: a created object, a request of our own service, or a job event. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from transcode.correlation import Correlation
from transcode.job import JobEvent
from worker.messages.followed_jobs import FollowedJob


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCreated:
    """The creation of one version of an object in the input bucket.

    `version` distinguishes the versions of one key: S3's version id if the bucket keeps versions, otherwise the ETag
    and the sequencer. Some emulators send a constant sequencer, so the sequencer alone isn't enough.
    """

    input_file: str
    size_bytes: int
    version: str
    replaces: str | None = None
    """The id of the job, or of the refused claim, that a new job replaces; None unless the service requests one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested:
    """A caller's request to cancel a job, or, without a job's id, the file's wait for one. At least one is set."""

    job_id: str | None = None
    input_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRequested:
    """A caller's request to delete an upload.

    A signed URL can write the input file until `urls_until_s` (Unix seconds).
    """

    input_file: str
    urls_until_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A well-formed event that needs no action, and the reason; `job_id` is set if it belongs to a job."""

    reason: str
    job_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparsed:
    """A record that can't be parsed, beside others that can, and the reason."""

    reason: str


IncomingEvent = ObjectCreated | CancelRequested | DeleteRequested | JobEvent | Ignored | Unparsed


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelatedEvent:
    """One event of a message, with its correlation ids.

    `unparsed` are the fields of a final job event that have an unexpected form; the event counts without them.
    `followed` is set if another program created the job.
    """

    event: IncomingEvent
    correlation: Correlation
    unparsed: Sequence[str] = ()
    followed: FollowedJob | None = None
