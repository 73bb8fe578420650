"""The model of an input file's row, which exists before the file's job and beside it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from transcode.job import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """An input file's row. `job_id` is None until the job is created; `failure` says why no job could be created.

    `announced_s` is Unix seconds. `upload_id` is S3's id of a multipart upload. `is_uploaded` is true once the
    multipart upload was completed. `size_bytes` is the announced length, if there was one. `claimed_ms` (Unix
    milliseconds) is the time of the claim that was recorded last. `queued_s` (Unix seconds) is the time since which
    the file waits for its job: the worker saw its object, or a caller requested another job. `replaces` is set from the
    request for another job until that job is created: the id of the job, or of the refused claim, that the new job
    replaces. `claim_id` is the id of the worker's claim, while the file waits for its job. `cancel_requested_for` names
    the attempt at a job that a caller canceled before the job existed. `canceled_s` (Unix seconds) is set once the
    worker has ended that attempt.
    """

    input_file: str
    job_id: str | None = None
    file_name: str | None = None
    owner: str | None = None
    failure: Failure | None = None
    announced_s: int | None = None
    upload_id: str | None = None
    is_uploaded: bool = False
    size_bytes: int | None = None
    claimed_ms: int | None = None
    queued_s: int | None = None
    replaces: str | None = None
    is_announced: bool = False
    """True if the service chose the key for one upload. Only one version of such an object gets a job by itself."""
    version: str | None = None
    """The version of the object that the worker accepted last."""
    part_bytes: int | None = None
    """The length of each part but the last, if the client stated it."""
    reserved_bytes: int | None = None
    """The bytes that a multipart upload counts against its caller until it ends, in the row `reserved_in`."""
    reserved_in: str | None = None
    claim_id: str | None = None
    cancel_requested_for: str | None = None
    canceled_s: int | None = None
    external_id: str | None = None
    """The caller's own id of the video."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The caller's own pairs of texts."""
    stage: str | None = None
    """OPEN from the file's object to the end of its newest job, then the status with which the job ended."""
    revision: int = 0
    """Counts the caller's changes of the file's name, external id and metadata."""
    delete_requested_s: int | None = None
    """The time of the request to delete the upload (Unix seconds). From then on, callers don't see it."""
    deleted_s: int | None = None
    """The time at which the worker had deleted everything else of the upload (Unix seconds)."""

    profile: str | None = None
    """The profile that the caller chose, or the default one; None for an object that was not announced."""

    @property
    def attempt(self) -> str:
        """The name of the attempt at a job for which the file waits.

        It is the claim's id. A request for another job has no claim yet, so what it replaces is its name. A row that an
        earlier version of the worker wrote has only the claim's time.
        """
        return self.claim_id or self.replaces or str(self.claimed_ms)

    @property
    def cancel_requested(self) -> bool:
        """True if the file waits for its job, and a caller requested that none is created."""
        names = attempt_names(claim_id=self.claim_id, replaces=self.replaces, claimed_ms=self.claimed_ms)
        return self.is_queued and self.cancel_requested_for in names

    @property
    def is_over(self) -> bool:
        """True if the file's last attempt ended without a job: it failed, or it was canceled."""
        return self.job_id is None and (self.failure is not None or self.canceled_s is not None)

    @property
    def is_queued(self) -> bool:
        """True if the file's next job is not created yet, although its object is there."""
        is_waiting = self.queued_s is not None or self.replaces is not None
        return self.job_id is None and not self.is_over and is_waiting

    def with_request(self, replaces: str, *, now_s: int) -> "Lookup":
        """Return the row after a request for another job, which replaces this row's job or failure."""
        waiting = replace(self, job_id=None, failure=None, canceled_s=None, claim_id=None, cancel_requested_for=None)
        return replace(waiting, replaces=replaces, queued_s=now_s)

    def with_cancel_request(self) -> "Lookup":
        """Return the row after a request to cancel the attempt for which the file waits."""
        return replace(self, cancel_requested_for=self.attempt)


def attempt_names(*, claim_id: str | None, replaces: str | None, claimed_ms: int | None) -> frozenset[str]:
    """Return all names that a request to cancel the attempt may have used.

    >>> sorted(attempt_names(claim_id="c1", replaces=None, claimed_ms=5))
    ['5', 'c1']
    """
    names = (claim_id, replaces, None if claimed_ms is None else str(claimed_ms))
    return frozenset(name for name in names if name is not None)
