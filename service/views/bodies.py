"""The bodies of requests and responses."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from service.problem_details import problem_details
from service.views.labels import EXTERNAL_ID, METADATA, ExternalId, Metadata, MetadataChanges
from transcode.job_view import EXAMPLE_FILE, JobView

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*"'
_LIST = rf"{_WORD}(?:,{_WORD})*"
MEDIA_TYPE = rf"^{_WORD}/{_WORD}(?:[ \t]*;[ \t]*{_WORD}=(?:{_LIST}|{_QUOTED}))*$"
"""RFC 9110, 8.3.1, and the list without quotes that browsers write for recordings (`codecs=vp9,opus`). The type becomes
a header of the upload, so it must not contain another header."""

ContentType = Annotated[str, StringConstraints(min_length=3, max_length=100, pattern=MEDIA_TYPE)]


ProfileName = Annotated[str, StringConstraints(min_length=1, max_length=32)]
PROFILE_TEXT = (
    "One of the profiles of `GET /limits`, which decides what is made of the file; without it, the first one."
)
PROFILE = Field(default=None, description=PROFILE_TEXT, examples=["hls"])


class Schema(BaseModel):
    """A body. A request with an unknown field is an error, so that callers notice misspelt fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UploadRequest(Schema):
    """A file that the caller wants to upload."""

    file_name: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="The file's name, in any script; the service keeps it unchanged.", examples=["Big Buck Bunny.mp4"]
    )
    content_type: ContentType = Field(
        description="The file's media type; S3 accepts the upload only with this one.", examples=["video/mp4"]
    )
    size_bytes: Annotated[int, Field(ge=1, lt=2**53)] = Field(
        description="The file's exact length in bytes; S3 accepts no other length.", examples=[64657027]
    )

    duration_ms: Annotated[int, Field(ge=1, lt=2**53)] | None = Field(
        default=None,
        description="The video's length, if the client can read it from the file; a longer one than this system "
        "accepts is then refused before a byte is sent.",
        examples=[596474],
    )
    profile: ProfileName | None = PROFILE
    external_id: ExternalId | None = EXTERNAL_ID
    metadata: Metadata = METADATA


class UploadChanges(Schema):
    """Changes of an upload, as a JSON merge patch (RFC 7396): a missing field stays, and null removes a value."""

    file_name: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = Field(
        default=None, description="Another name to show; the key stays.", examples=["Big Buck Bunny (2008).mp4"]
    )
    external_id: ExternalId | None = EXTERNAL_ID
    metadata: MetadataChanges | None = Field(
        default=None,
        description="Pairs to set; a pair with null is removed, and all others stay. Null removes all pairs.",
        examples=[{"title": "Big Buck Bunny", "album": None}],
    )


class UploadList(Schema):
    """A page of the caller's uploads, newest first."""

    data: Sequence[JobView]
    next_cursor: str | None = Field(
        description="The `cursor` of the next page; null at the end. No page before the end is empty.",
    )


class ProfileLimits(Schema):
    """One of the profiles from which an upload chooses, and the files that it accepts."""

    name: str = Field(examples=["hls"])
    content_types: Sequence[str] = Field(examples=[["video/mp4", "video/quicktime"]])
    extensions: Sequence[str] = Field(examples=[[".mp4", ".m4v", ".mov", ".qt"]])


class Limits(Schema):
    """The files that this system accepts, so that a front end can say so before a byte is sent."""

    content_types: Sequence[str] = Field(
        description="The types that the first profile accepts.", examples=[["video/mp4", "video/quicktime"]]
    )
    extensions: Sequence[str] = Field(
        description="Extensions of files of these types, for a file dialog.", examples=[[".mp4", ".m4v", ".mov", ".qt"]]
    )
    profiles: Sequence[ProfileLimits] = Field(description="The profiles; the first one is the default.")
    max_size_bytes: int = Field(description="The largest file.", examples=[5368709120])
    max_single_size_bytes: int = Field(
        description="The largest file in one request; a larger one is uploaded in parts.", examples=[5368709120]
    )
    max_duration_ms: int = Field(description="The longest video.", examples=[14400000])
    max_side_px: int = Field(description="The longest side of a video's frame.", examples=[8192])
    uploads_per_minute: int | None = Field(
        description="Uploads that one caller may begin within a minute; null for no limit.", examples=[60]
    )


class PresignedUpload(Schema):
    """An upload that S3 accepts: send the file with this method, to this URL, with these headers."""

    model_config = ConfigDict(title="Upload")

    input_file: str = Field(description="The file's key, by which you find its job.", examples=[EXAMPLE_FILE])
    method: Literal["PUT"] = "PUT"
    url: str = Field(description="Presigned; bound to the announced content type and length.")
    headers: Mapping[str, str] = Field(
        description="Signed too. `If-None-Match` makes S3 accept one object only: a second PUT is a 412.",
        examples=[{"Content-Type": "video/mp4", "If-None-Match": "*"}],
    )
    expires_at: AwareDatetime = Field(description="The time until which the upload may begin.")


class JobRequest(Schema):
    """A file for which the caller requests another job."""

    input_file: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="The key of the upload.", examples=[EXAMPLE_FILE]
    )


class InvalidField(BaseModel):
    """An invalid field of a request."""

    model_config = ConfigDict(defer_build=True)  # as in transcode/job_view.py

    location: Literal["body", "query", "path", "header", "cookie"] = Field(description="The part of the request.")
    pointer: str = Field(
        description="The path to the field in that part, as a JSON Pointer in a URI's fragment; `#` is the whole part.",
        examples=["#/size_bytes"],
    )
    detail: str = Field(description="The reason, for people.", examples=["Field required"])
    code: str = Field(description="The kind of the fault.", examples=["missing"])


def _without_default(schema: dict[str, JsonValue]) -> None:
    """Remove the default null: the field is there or not, and never null."""
    del schema["default"]


class Problem(BaseModel):
    """An error, as problem details (RFC 9457). Programs compare `code`; `detail` is a sentence for people."""

    model_config = ConfigDict(defer_build=True)

    type: str = Field(description="A URI that ends with `code`. It identifies the problem; it can't be fetched.")
    title: str = Field(description="The problem in a few words, the same for each `code`.")
    status: int = Field(description="The response's HTTP status.")
    detail: str
    code: str = Field(description="Stable.")
    errors: Sequence[InvalidField] | SkipJsonSchema[None] = Field(
        default=None,
        description="Only with `invalid_request`: the invalid fields, the first hundred at most.",
        json_schema_extra=_without_default,
    )

    @classmethod
    def example(
        cls, code: str, detail: str, *, status: int, errors: Sequence[Mapping[str, object]] = ()
    ) -> dict[str, object]:
        """Return an error of this shape."""
        return problem_details(status=status, code=code, detail=detail, errors=errors)


class UppyProblem(Problem):
    """An error with the fields that Uppy reads; Uppy shows `message`."""

    error: str = Field(description="A copy of `code`.")
    message: str = Field(description="A copy of `detail`.")
    request_id: str = Field(alias="requestId", description="The request's id in the log.")

    @classmethod
    def example(
        cls, code: str, detail: str, *, status: int, errors: Sequence[Mapping[str, object]] = ()
    ) -> dict[str, object]:
        """Return an error of this shape."""
        uppy = {"error": code, "message": detail, "requestId": "0f8b2c1d3e4a5f60"}
        return {**super().example(code, detail, status=status, errors=errors), **uppy}


class Health(Schema):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class DeletedUpload(Schema):
    """An upload that is deleted, or that the worker is about to delete."""

    input_file: str = Field(examples=[EXAMPLE_FILE])
