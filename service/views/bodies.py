"""What goes in and out over HTTP."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from transcode.job_view import EXAMPLE_FILE


class Schema(BaseModel):
    """A body; unknown fields of a request are an error, so that a misspelt one is found."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UploadRequest(Schema):
    """A file that somebody wants to upload."""

    file_name: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="The file's own name, in any script; it is kept as it is.", examples=["Big Buck Bunny.mp4"]
    )
    content_type: Annotated[str, StringConstraints(min_length=3, max_length=100)] = Field(
        description="The file's media type; S3 accepts the upload with this one only.", examples=["video/mp4"]
    )
    size_bytes: Annotated[int, Field(ge=1, lt=2**53)] = Field(
        description="The file's exact length in bytes; S3 accepts no other.", examples=[64657027]
    )


class PresignedUpload(Schema):
    """An upload that S3 will accept: send the file with this method, to this URL, with these headers."""

    model_config = ConfigDict(title="Upload")

    input_file: str = Field(description="The key by which to ask for the job.", examples=[EXAMPLE_FILE])
    method: Literal["PUT"] = "PUT"
    url: str = Field(description="Presigned; bound to the content type and length given.")
    headers: Mapping[str, str] = Field(examples=[{"Content-Type": "video/mp4"}])
    expires_at: AwareDatetime = Field(description="Until when the upload may begin.")


class JobRequest(Schema):
    """A file of which another job is wanted."""

    input_file: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="The key that the upload was given.", examples=[EXAMPLE_FILE]
    )


class InvalidField(BaseModel):
    """What is wrong with a request: `loc` leads to the field."""

    loc: Sequence[str | int] = Field(examples=[["body", "size_bytes"]])
    msg: str
    type: str


class Problem(BaseModel):
    """An error: `code` is stable, `detail` is for people; that of a wrong request lists its fields."""

    detail: str | Sequence[InvalidField]
    code: str

    @classmethod
    def example(cls, code: str, detail: object) -> dict[str, object]:
        """Return an error of this shape."""
        return {"detail": detail, "code": code}


class UppyProblem(Problem):
    """An error as Uppy reads it, too: it shows `message`."""

    error: str = Field(description="The code again.")
    message: str
    request_id: str = Field(alias="requestId", description="Stands in the log beside the code.")

    @classmethod
    def example(cls, code: str, detail: object) -> dict[str, object]:
        """Return an error of this shape."""
        message = detail if isinstance(detail, str) else "body.size_bytes: Field required"
        uppy = {"error": code, "message": message, "requestId": "0f8b2c1d3e4a5f60"}
        return {**super().example(code, detail), **uppy}


class Health(Schema):
    """The process answers."""

    status: Literal["ok"] = "ok"
