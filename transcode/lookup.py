"""An input file, before and beside its job. Pure."""

from dataclasses import dataclass, replace

from transcode.job import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What is known of an input file: before its job is made, `job_id` is None; `failure` says why none could be.

    `announced_s` is Unix seconds. `upload_id` is S3's of a multipart upload, `is_uploaded` once that was completed, and
    `size_bytes` its length where it was announced. `claimed_ms` (Unix milliseconds) tells which claim was recorded
    last; `replaces` is set from the moment another try was asked for until its job is made, and says of what.
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
    replaces: str | None = None

    def with_request(self, replaces: str) -> "Lookup":
        """Return the file as it is once another job was asked for, in place of this one or of the error."""
        return replace(self, job_id=None, failure=None, replaces=replaces)
