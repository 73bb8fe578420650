"""The bodies of requests and responses under /s3, with Uppy's field names."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from pydantic.alias_generators import to_camel

from service.uploads.parts import MAX_PARTS
from service.views.bodies import ContentType
from transcode.job_view import EXAMPLE_FILE

MAX_SIZE_DIGITS = 15
"""The size of S3's largest object has 13 digits."""

FileName = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
PartNumber = Annotated[int, Field(ge=1, le=MAX_PARTS)]


class Uppy(BaseModel):
    """A body in Uppy's shape; fields that a newer version may add are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)


class FormUpload(Uppy):
    """A form that S3 accepts: send these fields first and the file last."""

    method: Literal["POST"] = "POST"
    url: str
    fields: Mapping[str, str] = Field(description="`key` is the input file, by which you find the job.")
    expires: int = Field(description="Seconds until the form expires.")


class MultipartRequest(Uppy):
    """A file that the caller wants to upload in parts."""

    filename: FileName
    type: ContentType = Field(examples=["video/mp4"])
    metadata: Mapping[str, JsonValue] | None = Field(
        default=None,
        description="`size` is the file's length in bytes, `part_size` the length of each part but the last, and "
        "`duration_ms` the video's length. All are optional; with both sizes, each part's signature binds its length. "
        "`external_id` is your own id of the video, and `metadata` your own pairs of texts, as an object or JSON text. "
        "`profile` is one of the profiles of `GET /limits`. Other entries are ignored.",
    )


class MultipartBegun(Uppy):
    """A multipart upload that has begun in S3."""

    key: str = Field(description="The input file, by which you find the job.", examples=[EXAMPLE_FILE])
    upload_id: str
    bucket: str


class ListedPart(BaseModel):
    """A part that S3 has."""

    PartNumber: int
    ETag: str
    Size: int


class PartUrl(Uppy):
    """The presigned URL to which to PUT one part."""

    url: str
    expires: int = Field(description="Seconds until the URL expires.")


class PartUrls(Uppy):
    """The presigned URLs to which to PUT several parts, by part number."""

    presigned_urls: Mapping[str, str]


class CompletedPart(BaseModel):
    """A part that the client has sent, with the ETag of S3's response."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    PartNumber: PartNumber
    ETag: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]


class CompletionRequest(Uppy):
    """The parts of the file."""

    parts: Annotated[Sequence[CompletedPart], Field(min_length=1, max_length=MAX_PARTS)]


class Completed(Uppy):
    """The file is complete; the system creates its job."""

    location: str
    key: str = Field(examples=[EXAMPLE_FILE])
    bucket: str


class Aborted(Uppy):
    """The upload was aborted."""


def announced_bytes(metadata: Mapping[str, Any] | None) -> int | None:
    """Return the file's length if the metadata has it as `size`; None if `size` is missing, zero or not a number."""
    return _number(metadata, "size")


def announced_part_bytes(metadata: Mapping[str, Any] | None) -> int | None:
    """Return the length of each part but the last if the metadata has it as `part_size`; None as for the file's."""
    return _number(metadata, "part_size")


def announced_duration_ms(metadata: Mapping[str, Any] | None) -> int | None:
    """Return the video's length if the metadata has it as `duration_ms`; None as for the file's length."""
    return _number(metadata, "duration_ms")


def announced_profile(metadata: Mapping[str, Any] | None) -> str | None:
    """Return the profile that the metadata names; None if it names none. Uppy's forms send an empty text for none."""
    return str((metadata or {}).get("profile") or "") or None


def _number(metadata: Mapping[str, Any] | None, name: str) -> int | None:
    text = str((metadata or {}).get(name, ""))
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_SIZE_DIGITS and int(text) else None
