"""The shapes in which S3 and MediaConvert say things, as wide as what they have been seen to send.

Only what is read is declared; all else is passed over. Sources: the MediaConvert user guide, "EventBridge events",
and the S3 user guide, "Event message structure".
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

LARGEST = 10**12
"""Milliseconds or pixels past which a number is nonsense."""
LATEST_MS = 253_402_300_800_000
"""The first millisecond of the year 10,000, which no calendar of Python's knows."""
LONGEST_KEY_BYTES = 1024
UNKNOWN_ERROR = 1999
"""MediaConvert's own code for an error without one."""


def _percent(value: object) -> int | None:
    """Take a percentage where there is a sensible one: an accelerated job gives null, a strange one anything."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 -- NaN
        return None
    return int(min(100, max(0, value)))


def _text(value: object) -> str | None:
    """Take a text that is only shown; half a surrogate pair, as of a text cut short, becomes a question mark."""
    return value.encode(errors="replace").decode() or None if isinstance(value, str) else None


def _well_formed(value: str) -> str:
    """Refuse half a surrogate pair, which JSON can carry and no key, file name or table row can."""
    value.encode()
    return value


def _error_code(value: object) -> object:
    """Read null as absent: what ends a job is not refused for want of a number."""
    return UNKNOWN_ERROR if value is None else value


def _size(value: object) -> int | None:
    """Take a length; 0 ms and 0 px are MediaConvert's way to say there is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < LARGEST else None


def _present(value: object) -> object:
    """Read null as absent, for lists and objects that have an empty default."""
    return () if value is None else value


Percent = Annotated[int | None, BeforeValidator(_percent)]
Text = Annotated[str | None, BeforeValidator(_text)]
Size = Annotated[int | None, BeforeValidator(_size)]
Code = Annotated[int, Field(ge=0, lt=10**9)]
Name = Annotated[str, AfterValidator(_well_formed)]
EncodedKey = Annotated[Name, Field(min_length=1, max_length=3 * LONGEST_KEY_BYTES)]
"""Each byte of a key takes up to three characters there."""


class Shape(BaseModel):
    """Part of a payload; its validator is built at first use, which spares a cold start those it doesn't need."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, defer_build=True)


class JobProgress(Shape):
    """`detail.job_progress` of a STATUS_UPDATE."""

    job_percent_complete: Percent = None
    current_phase: Text = None


class VideoDetails(Shape):
    """The picture size of one output; a frame capture can give 0 by 0."""

    width_in_px: Size = None
    height_in_px: Size = None


class OutputDetails(Shape):
    """One output; an audio-only one is nothing but a duration."""

    output_file_paths: Annotated[Sequence[Name], BeforeValidator(_present)] = ()
    duration_in_ms: Size = None
    video_details: VideoDetails | None = None


class OutputGroupDetails(Shape):
    """One output group; which of its paths are given depends on its type, and the type can be missing."""

    type: Text = None
    playlist_file_paths: Annotated[Sequence[Name], BeforeValidator(_present)] = ()
    output_details: Annotated[Sequence[OutputDetails], BeforeValidator(_present)] = ()


class WarningCount(Shape):
    """One of COMPLETE's warnings."""

    code: Code


class JobDetail(Shape):
    """`detail` of a MediaConvert Job State Change; only the first three are always there."""

    job_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]
    status: Name
    timestamp: Annotated[int, Field(ge=1, lt=LATEST_MS)]
    user_metadata: Mapping[str, str] | None = None
    job_progress: JobProgress | None = None
    output_group_details: Annotated[Sequence[OutputGroupDetails], BeforeValidator(_present)] = ()
    warnings: Annotated[Sequence[WarningCount], BeforeValidator(_present)] = ()
    error_code: Annotated[Code, BeforeValidator(_error_code)] = UNKNOWN_ERROR
    error_message: Text = None
    warning_code: Code | None = None  # a string of digits in NEW_WARNING
    warning_message: Text = None


class JobStateChange(Shape):
    """A MediaConvert Job State Change."""

    detail: JobDetail


class Bucket(Shape):
    """The bucket of an object."""

    name: Name


class CreatedObject(Shape):
    """`detail.object` of EventBridge's Object Created; the key is not encoded there, but by LocalStack."""

    key: EncodedKey
    size: int
    etag: Name = ""
    version_id: Annotated[Name | None, Field(alias="version-id")] = None
    sequencer: Name | None = None


class ObjectCreatedDetail(Shape):
    """`detail` of Object Created."""

    bucket: Bucket
    object: CreatedObject


class ObjectCreatedEvent(Shape):
    """S3's Object Created, by way of EventBridge."""

    detail: ObjectCreatedDetail


class JobRequestedDetail(ObjectCreatedDetail):
    """`detail` of Job Requested: an object that is there, and the job or refused claim that a new job replaces."""

    replaces: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]


class JobRequestedEvent(Shape):
    """Our own service's wish for another job of a file: transcode/job_requested.py."""

    detail: JobRequestedDetail


class NotifiedObject(Shape):
    """`s3.object` of S3's own notification, whose key is URL-encoded; a deleted one has no size."""

    key: EncodedKey
    size: int | None = None
    e_tag: Name = ""
    version_id: Name | None = None
    sequencer: Name | None = None


class NotifiedS3(Shape):
    """`s3` of a notification's record."""

    bucket: Bucket
    object: NotifiedObject


class NotificationRecord(Shape):
    """One of a notification's records."""

    event_name: Name
    s3: NotifiedS3


class Notification(Shape):
    """S3's own notification, sent to the queue without EventBridge."""

    records: Annotated[Sequence[NotificationRecord], Field(alias="Records")]


Body = Mapping[str, Any]
