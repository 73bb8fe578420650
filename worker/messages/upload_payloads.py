"""The payloads of S3 and of our service's requests, as tolerant as the payloads that S3 was seen to send. Pure.

Only fields that the worker reads are declared; all others are ignored. Source: the S3 user guide, "Event message
structure".
"""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from worker.messages.payloads import MAX_TIME_MS, Name, Shape

MAX_KEY_BYTES = 1024

EncodedKey = Annotated[Name, Field(min_length=1, max_length=3 * MAX_KEY_BYTES)]
"""Percent-encoded, so each byte of a key takes up to three characters."""


class Bucket(Shape):
    """The bucket of an object."""

    name: Name


class CreatedObject(Shape):
    """`detail.object` of EventBridge's Object Created. AWS doesn't encode the key; LocalStack does."""

    key: EncodedKey
    size: int
    etag: Name | None = None
    version_id: Annotated[Name | None, Field(alias="version-id")] = None
    sequencer: Name | None = None


class ObjectCreatedDetail(Shape):
    """`detail` of Object Created."""

    bucket: Bucket
    object: CreatedObject


class ObjectCreatedEvent(Shape):
    """S3's Object Created, delivered by EventBridge."""

    detail: ObjectCreatedDetail


class JobRequestedDetail(ObjectCreatedDetail):
    """`detail` of Job Requested: an existing object, and the job or refused claim that a new job replaces, if any."""

    replaces: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")] | None = None


class JobRequestedEvent(Shape):
    """A request for a job of a file (transcode/job_requested.py)."""

    detail: JobRequestedDetail


class CancelRequestedDetail(Shape):
    """`detail` of Cancel Requested: a job, or a file that waits for its job."""

    bucket: Bucket
    job_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")] | None = None
    input_file: Annotated[Name, Field(min_length=1, max_length=MAX_KEY_BYTES)] | None = None

    @model_validator(mode="after")
    def _require_a_name(self) -> Self:
        if self.job_id is None and self.input_file is None:
            raise ValueError("neither jobId nor inputFile")
        return self


class CancelRequestedEvent(Shape):
    """A request to cancel (transcode/cancel_requested.py)."""

    detail: CancelRequestedDetail


class DeleteRequestedDetail(Shape):
    """`detail` of Delete Requested: an upload, and the time until which a signed URL can write its input file."""

    bucket: Bucket
    input_file: Annotated[Name, Field(min_length=1, max_length=MAX_KEY_BYTES)]
    urls_until: Annotated[int, Field(ge=0, lt=MAX_TIME_MS // 1000)]


class DeleteRequestedEvent(Shape):
    """A request to delete an upload (transcode/delete_requested.py)."""

    detail: DeleteRequestedDetail


class NotifiedObject(Shape):
    """`s3.object` of a direct S3 notification of a created object. The key is URL-encoded."""

    key: EncodedKey
    size: int
    e_tag: Name | None = None
    version_id: Name | None = None
    sequencer: Name | None = None


class NotifiedS3(Shape):
    """`s3` of a notification's record."""

    bucket: Bucket
    object: NotifiedObject


class NotifiedEvent(Shape):
    """The name of a record's event, which decides whether the rest is needed."""

    event_name: Name


class NotificationRecord(NotifiedEvent):
    """A record of a created object."""

    s3: NotifiedS3


class Notification(Shape):
    """A notification that S3 sent to the queue directly, without EventBridge. Its records are parsed one by one."""

    records: Annotated[Sequence[Any], Field(alias="Records")]
