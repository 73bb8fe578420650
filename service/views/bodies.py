"""The bodies of requests and responses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

EXAMPLE_FILE = "uploads/6f1c0a9e4b7d4c2f8a3e5d7b9c1f2a40/Big-Buck-Bunny.mp4"
EXAMPLE_JOB = "1763798400123-a1b2c3"


class Schema(BaseModel):
    """A body. A request with an unknown field is an error, so that callers notice misspelt fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UploadRequest(Schema):
    """A file that the caller wants to upload."""

    file_name: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="The file's name, in any script; the service keeps it unchanged.", examples=["Big Buck Bunny.mp4"]
    )
    content_type: Annotated[str, StringConstraints(min_length=3, max_length=100)] = Field(
        description="The file's media type; S3 accepts the upload only with this one.", examples=["video/mp4"]
    )
    size_bytes: Annotated[int, Field(ge=1, lt=2**53)] = Field(
        description="The file's exact length in bytes; S3 accepts no other length.", examples=[64657027]
    )


class Upload(Schema):
    """An upload that S3 accepts: send the file with this method, to this URL, with these headers."""

    input_file: str = Field(description="The file's key, by which you find its job.", examples=[EXAMPLE_FILE])
    method: Literal["PUT"] = "PUT"
    url: str = Field(description="Presigned; bound to the announced content type and length.")
    headers: Mapping[str, str] = Field(examples=[{"Content-Type": "video/mp4"}])
    expires_at: AwareDatetime = Field(description="The time until which the upload may begin.")


class JobRequest(Schema):
    """A file for which the caller requests another job."""

    input_file: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="The key of the upload.", examples=[EXAMPLE_FILE]
    )


class JobStatus(StrEnum):
    """Where a file stands; the last three are final."""

    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    SUBMITTED = "SUBMITTED"
    PROGRESSING = "PROGRESSING"
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    CANCELED = "CANCELED"


class RenditionOut(Schema):
    """One picture size; `playlist` is relative to the output path."""

    width_px: int
    height_px: int
    duration_ms: int | None
    playlist: str | None


class OutputOut(Schema):
    """What a finished job wrote."""

    path: str = Field(description="Key prefix in the output bucket.")
    duration_ms: int | None
    width_px: int | None
    height_px: int | None
    playlists: Mapping[str, str] = Field(examples=[{".m3u8": "Big-Buck-Bunny.m3u8"}])
    playback_url: str | None = Field(description="The master playlist, where the outputs are served.")
    renditions: Sequence[RenditionOut]


class ErrorOut(Schema):
    """Why it ended: MediaConvert's code (1000 and above), or the HTTP status with which it refused the job."""

    code: int = Field(examples=[1010])
    message: str


class WarningOut(Schema):
    """A warning of MediaConvert's."""

    code: int
    message: str


class Job(Schema):
    """Everything that a front end can show of a file and its job."""

    job_id: str | None = Field(description="Null until the job is made.", examples=[EXAMPLE_JOB])
    input_file: str | None = Field(examples=[EXAMPLE_FILE])
    file_name: str | None = Field(examples=["Big Buck Bunny.mp4"])
    status: JobStatus
    progress_percent: int | None = Field(description="0 to 100; null is unknown: show a bar without end.")
    phase: str | None = Field(description="PROBING, TRANSCODING or UPLOADING, while known.")
    eta_s: int | None = Field(description="Seconds left at the present rate; null where that can't be known.")
    submitted_at: AwareDatetime | None
    updated_at: AwareDatetime | None
    output: OutputOut | None
    error: ErrorOut | None
    warnings: Sequence[WarningOut]


class Progress(Schema):
    """The light answer, for asking often."""

    job_id: str
    status: JobStatus
    progress_percent: int | None
    phase: str | None
    eta_s: int | None
    updated_at: datetime | None


class InvalidField(BaseModel):
    """An invalid field of a request; `loc` is the path to the field."""

    loc: Sequence[str | int] = Field(examples=[["body", "size_bytes"]])
    msg: str
    type: str


class Problem(BaseModel):
    """An error. `code` is stable, and `detail` is for people; for an invalid request, `detail` lists its fields."""

    detail: str | Sequence[InvalidField]
    code: str

    @classmethod
    def example(cls, code: str, detail: object) -> dict[str, object]:
        """Return an error of this shape."""
        return {"detail": detail, "code": code}


class UppyProblem(Problem):
    """An error with the fields that Uppy reads; Uppy shows `message`."""

    error: str = Field(description="A copy of `code`.")
    message: str
    request_id: str = Field(alias="requestId", description="The request's id in the log.")

    @classmethod
    def example(cls, code: str, detail: object) -> dict[str, object]:
        """Return an error of this shape."""
        message = detail if isinstance(detail, str) else "body.size_bytes: Field required"
        uppy = {"error": code, "message": message, "requestId": "0f8b2c1d3e4a5f60"}
        return {**super().example(code, detail), **uppy}


class Health(Schema):
    """The process is alive."""

    status: Literal["ok"] = "ok"
