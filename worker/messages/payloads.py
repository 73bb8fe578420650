"""The payloads of MediaConvert, as tolerant as the payloads that it was seen to send. Pure.

Only fields that the worker reads are declared; all others are ignored. Source: the MediaConvert user guide,
"EventBridge events".
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

MAX_SIZE = 10**12
"""Milliseconds, pixels or bits per second; a larger number is not plausible."""
MAX_TIME_MS = 253_402_300_800_000
"""The first millisecond of the year 10,000, which Python's datetime can't represent."""
UNKNOWN_ERROR = 1999
"""MediaConvert's code for an unknown error, used for an error without a code."""


def _percent(value: object) -> int | None:
    """Return a percentage, or None if the value is none: accelerated jobs send null."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 -- NaN
        return None
    return int(min(100, max(0, value)))


def _text(value: object) -> str | None:
    """Return a text for display. Half a surrogate pair, from a text that was cut, becomes a question mark."""
    return value.encode(errors="replace").decode() or None if isinstance(value, str) else None


def _well_formed(value: str) -> str:
    """Refuse half a surrogate pair: JSON can contain one, but no key, file name or table row can."""
    value.encode()
    return value


def _error_code(value: object) -> object:
    """Replace null by the default: an ERROR event without a code still ends its job."""
    return UNKNOWN_ERROR if value is None else value


def _size(value: object) -> int | None:
    """Return a positive number, else None: MediaConvert sends 0 ms and 0 px for an unknown size."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < MAX_SIZE else None


def _present(value: object) -> object:
    """Replace null by an empty list."""
    return () if value is None else value


Percent = Annotated[int | None, BeforeValidator(_percent)]
Text = Annotated[str | None, BeforeValidator(_text)]
Size = Annotated[int | None, BeforeValidator(_size)]
Code = Annotated[int, Field(ge=0, lt=10**9)]
Name = Annotated[str, AfterValidator(_well_formed)]


class Shape(BaseModel):
    """A part of a payload. Its validator is built at first use, so that a cold start builds only those it needs."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, defer_build=True)


class JobProgress(Shape):
    """`detail.job_progress` of a STATUS_UPDATE."""

    job_percent_complete: Percent = None
    current_phase: Text = None


class VideoDetails(Shape):
    """The picture of one output; a frame capture can have the size 0 by 0."""

    width_in_px: Size = None
    height_in_px: Size = None
    average_bitrate: Size = None
    """Bits per second; MediaConvert has sent it since 2023."""


class OutputDetails(Shape):
    """One output; an audio-only output has only a duration."""

    output_file_paths: Annotated[Sequence[Name], BeforeValidator(_present)] = ()
    duration_in_ms: Size = None
    video_details: VideoDetails | None = None


class OutputGroupDetails(Shape):
    """One output group. Its type decides which paths it has; the type can be missing."""

    type: Text = None
    playlist_file_paths: Annotated[Sequence[Name], BeforeValidator(_present)] = ()
    output_details: Annotated[Sequence[OutputDetails], BeforeValidator(_present)] = ()


class WarningCount(Shape):
    """A warning in COMPLETE: a code without a message."""

    code: Code


class JobDetail(Shape):
    """`detail` of a MediaConvert Job State Change; only the first three fields are always present."""

    job_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]
    status: Name
    timestamp: Annotated[int, Field(ge=1, lt=MAX_TIME_MS)]
    queue: Text = None
    """The ARN of the job's queue."""
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


Body = Mapping[str, Any]
