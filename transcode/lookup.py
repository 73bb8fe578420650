"""The model of an input file's row, which exists before the file's job and beside it. Pure."""

from dataclasses import dataclass, replace

from transcode.job import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """An input file's row. `job_id` is None until the job is created; `failure` says why no job could be created.

    `announced_s` is Unix seconds. `upload_id` is S3's id of a multipart upload. `is_uploaded` is true once the
    multipart upload was completed. `size_bytes` is the announced length, if there was one. `claimed_ms` (Unix
    milliseconds) is the time of the claim that was recorded last. `queued_s` (Unix seconds) is the time since which
    the file waits for its job: the worker saw its object, or a caller requested another job. `replaces` is set from the
    request for another job until that job is created: the id of the job, or of the refused claim, that the new job
    replaces.
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

    @property
    def is_queued(self) -> bool:
        """True if the file's next job is not created yet, although its object is there."""
        return self.job_id is None and self.failure is None and (self.queued_s is not None or self.replaces is not None)

    def with_request(self, replaces: str, *, now_s: int) -> "Lookup":
        """Return the row after a request for another job, which replaces this row's job or failure."""
        return replace(self, job_id=None, failure=None, replaces=replaces, queued_s=now_s)
