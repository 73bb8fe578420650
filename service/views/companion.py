"""What goes in and out under /s3, in Uppy's own names."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from pydantic.alias_generators import to_camel

from transcode.job_view import EXAMPLE_FILE

MOST_PARTS = 10_000
LONGEST_SIZE = 15
"""Digits; S3's largest object has 13."""

FileName = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
ContentType = Annotated[str, StringConstraints(min_length=3, max_length=100)]
PartNumber = Annotated[int, Field(ge=1, le=MOST_PARTS)]


class Uppy(BaseModel):
    """A body in Uppy's shape; what its newer versions may add is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)


class FormUpload(Uppy):
    """A form that S3 will accept: send these fields first and the file last."""

    method: Literal["POST"] = "POST"
    url: str
    fields: Mapping[str, str] = Field(description="`key` is the input file by which to ask for the job.")
    expires: int = Field(description="Seconds for which the form is good.")


class MultipartRequest(Uppy):
    """A file that somebody wants to upload in parts."""

    filename: FileName
    type: ContentType = Field(examples=["video/mp4"])
    metadata: Mapping[str, JsonValue] | None = Field(
        default=None, description="`size`, where given, is the file's length in bytes; the rest is passed over."
    )


class MultipartBegun(Uppy):
    """A multipart upload that S3 has begun."""

    key: str = Field(description="The input file by which to ask for the job.", examples=[EXAMPLE_FILE])
    upload_id: str
    bucket: str


class ListedPart(BaseModel):
    """A part that S3 has."""

    PartNumber: int
    ETag: str
    Size: int


class PartUrl(Uppy):
    """Where to PUT one part."""

    url: str
    expires: int = Field(description="Seconds for which the address is good.")


class PartUrls(Uppy):
    """Where to PUT several parts, by part number."""

    presigned_urls: Mapping[str, str]


class CompletedPart(BaseModel):
    """A part that was sent, as S3 answered it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    PartNumber: PartNumber
    ETag: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]


class CompletionRequest(Uppy):
    """The parts that make the file."""

    parts: Annotated[Sequence[CompletedPart], Field(min_length=1, max_length=MOST_PARTS)]


class Completed(Uppy):
    """The file is there; its job is made by itself."""

    location: str
    key: str = Field(examples=[EXAMPLE_FILE])
    bucket: str


class Aborted(Uppy):
    """The upload is gone."""


def announced_bytes(metadata: Mapping[str, Any] | None) -> int | None:
    """Return the file's length, where the caller told it as `size`; what is no number tells nothing."""
    size = str((metadata or {}).get("size", ""))
    return int(size) if size.isascii() and size.isdecimal() and len(size) <= LONGEST_SIZE and int(size) else None
