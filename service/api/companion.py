"""The routes under /s3 that Uppy's S3 plugin calls: uploads by form and in parts.

The contract is that of @uppy/companion, except for trust: the service chooses each key, and a request's key, upload id
and caller must be those that the service recorded when the upload began. https://uppy.io/docs/aws-s3/
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError

from service.api.dependencies import AppResources, NewUploadCaller, caller_name
from service.api.middleware.request_log import log_upload_event
from service.api.open_upload import OpenUpload
from service.api.problems import responses
from service.uploads.file_names import new_input_file
from service.uploads.parts import MAX_PARTS, stated_part_bytes
from service.views.bodies import PROFILE_TEXT, ContentType
from service.views.companion import (
    Aborted,
    Completed,
    CompletionRequest,
    FileName,
    FormUpload,
    ListedPart,
    MultipartBegun,
    MultipartRequest,
    PartUrl,
    PartUrls,
    announced_bytes,
    announced_duration_ms,
    announced_part_bytes,
    announced_profile,
)
from service.views.labels import METADATA_TEXT, UppyLabels, uppy_labels
from transcode.errors import (
    AwsUnavailableError,
    InvalidPartsError,
    TooManyUnfinishedUploadsError,
    TooManyUploadsError,
    UnknownProfileError,
    UnsupportedTypeError,
    UploadCompletedError,
    UploadConflictError,
    UploadIncompleteError,
    UploadNotFoundError,
    UploadTooLargeError,
    UploadTooLongError,
)
from transcode.lookup import Lookup

MULTIPART_TTL_S = 2 * 86_400
"""Seconds until an unfinished upload expires: the bucket's lifecycle rule aborts it after two days."""

router = APIRouter(prefix="/s3", tags=["uppy"])

Number = Annotated[int, Path(ge=1, le=MAX_PARTS, description="The part's number.")]


ERRORS = responses(UploadNotFoundError, UploadCompletedError, AwsUnavailableError)
SIGNING_ERRORS = responses(
    InvalidPartsError, UploadNotFoundError, UploadCompletedError, UploadTooLargeError, AwsUnavailableError
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormEntries:
    """The metadata that Uppy sends in the query of a form upload."""

    size_bytes: int | None
    duration_ms: int | None
    profile: str | None
    labels: UppyLabels


async def _form_entries(
    size: Annotated[str | None, Query(alias="metadata[size]", description="The length in bytes, if known.")] = None,
    duration_ms: Annotated[
        str | None, Query(alias="metadata[duration_ms]", description="The video's length, if known.")
    ] = None,
    profile: Annotated[str | None, Query(alias="metadata[profile]", description=PROFILE_TEXT)] = None,
    external_id: Annotated[
        str | None, Query(alias="metadata[external_id]", description="Your own id of the video.")
    ] = None,
    metadata: Annotated[
        str | None, Query(alias="metadata[metadata]", description=f"{METADATA_TEXT} As a JSON text here.")
    ] = None,
) -> FormEntries:
    return FormEntries(
        size_bytes=announced_bytes({"size": size}),
        duration_ms=announced_duration_ms({"duration_ms": duration_ms}),
        profile=announced_profile({"profile": profile}),
        labels=uppy_labels({"external_id": external_id, "metadata": metadata}, place=("query", "metadata")),
    )


@router.get(
    "/params",
    operation_id="create_form_upload",
    summary="Announce an upload by form",
    responses=responses(
        UploadTooLargeError,
        UploadTooLongError,
        UnsupportedTypeError,
        UnknownProfileError,
        TooManyUploadsError,
        AwsUnavailableError,
    ),
)
async def create_form_upload(
    filename: Annotated[FileName, Query()],
    type: Annotated[ContentType, Query()],  # noqa: A002 -- Uppy's name for it
    caller: NewUploadCaller,
    resources: AppResources,
    entries: Annotated[FormEntries, Depends(_form_entries)],
) -> FormUpload:
    """Get a form for one file. The form's policy binds key, content type and length."""
    settings, size_bytes, labels = resources.settings, entries.size_bytes, entries.labels
    acceptance = settings.acceptance
    profile = acceptance.profile(entries.profile)
    acceptance.check_type(type, profile)
    acceptance.check_size(size_bytes or 1, in_parts=False)
    acceptance.check_duration(entries.duration_ms)
    input_file = new_input_file(settings.upload_prefix, filename)
    lookup = Lookup(
        input_file=input_file,
        file_name=filename,
        owner=caller.owner,
        size_bytes=size_bytes,
        profile=profile,
        external_id=labels.external_id,
        metadata=labels.metadata or {},
    )
    await resources.lookups.announce(lookup, now_s=resources.clock(), good_for_s=settings.upload_url_ttl_s)
    log_upload_event("upload.announced", input_file, by="form", content_type=type, size_bytes=size_bytes)
    post = await resources.multipart.presign_post(
        input_file,
        content_type=type,
        min_bytes=size_bytes or 1,
        max_bytes=size_bytes or acceptance.max_single_bytes,
        ttl_s=settings.upload_url_ttl_s,
    )
    return FormUpload(url=post.url, fields=post.fields, expires=settings.upload_url_ttl_s)


@router.post(
    "/multipart",
    operation_id="create_multipart_upload",
    summary="Begin an upload in parts",
    responses=responses(
        UploadTooLargeError,
        UploadTooLongError,
        UnsupportedTypeError,
        UnknownProfileError,
        TooManyUploadsError,
        TooManyUnfinishedUploadsError,
        AwsUnavailableError,
    ),
)
async def create_multipart_upload(
    upload: MultipartRequest, caller: NewUploadCaller, request: Request, resources: AppResources
) -> MultipartBegun:
    """Begin an upload that can be resumed. Only this caller can use its key and id."""
    settings, now_s = resources.settings, resources.now_s()
    size_bytes = announced_bytes(upload.metadata)
    profile = settings.acceptance.profile(announced_profile(upload.metadata))
    settings.acceptance.check_type(upload.type, profile)
    settings.acceptance.check_size(size_bytes or 1, in_parts=True)
    settings.acceptance.check_duration(announced_duration_ms(upload.metadata))
    labels = uppy_labels(upload.metadata, place=("body", "metadata"))
    input_file = new_input_file(settings.upload_prefix, upload.filename)
    reserved_bytes = size_bytes or settings.upload_max_bytes
    reserved_in = await resources.unfinished.reserve(caller_name(request, caller), reserved_bytes, now_s=now_s)
    try:
        upload_id = await resources.multipart.begin(input_file, content_type=upload.type)
    except Exception:
        await resources.unfinished.release(reserved_in, reserved_bytes)
        raise
    part_bytes = announced_part_bytes(upload.metadata)
    lookup = Lookup(
        input_file=input_file,
        file_name=upload.filename,
        owner=caller.owner,
        upload_id=upload_id,
        size_bytes=size_bytes,
        part_bytes=stated_part_bytes(part_bytes, announced_bytes=size_bytes),
        reserved_bytes=reserved_bytes,
        reserved_in=reserved_in,
        profile=profile,
        external_id=labels.external_id,
        metadata=labels.metadata or {},
    )
    await resources.lookups.announce(lookup, now_s=resources.clock(), good_for_s=MULTIPART_TTL_S)
    log_upload_event("upload.announced", input_file, by="parts", content_type=upload.type, size_bytes=size_bytes)
    return MultipartBegun(key=input_file, upload_id=upload_id, bucket=resources.multipart.bucket)


@router.get(
    "/multipart/{upload_id}", operation_id="list_parts", summary="List the parts that were sent", responses=ERRORS
)
async def list_parts(upload: OpenUpload) -> list[ListedPart]:
    """List the parts that S3 already has, to resume the upload with the others."""
    return [ListedPart(PartNumber=part.number, ETag=part.etag, Size=part.size_bytes) for part in await upload.parts()]


@router.get(
    "/multipart/{upload_id}/batch",
    operation_id="sign_parts",
    summary="Sign several parts",
    responses=SIGNING_ERRORS,
)
async def sign_parts(
    upload: OpenUpload,
    part_numbers: Annotated[
        str,
        Query(
            alias="partNumbers",
            pattern=r"^[0-9]{1,5}(,[0-9]{1,5})*$",
            max_length=5_000,
            description="Part numbers, separated by commas.",
        ),
    ],
) -> PartUrls:
    """Get the presigned URLs of several parts at once: about a thousand at most."""
    numbers = sorted({int(number) for number in part_numbers.split(",")})
    if not 1 <= numbers[0] <= numbers[-1] <= MAX_PARTS:
        problem = {"loc": ("query", "partNumbers"), "msg": f"Part numbers are 1 to {MAX_PARTS}", "type": "value_error"}
        raise RequestValidationError([problem])
    urls = await upload.sign(*numbers)
    return PartUrls(presigned_urls={str(number): url for number, url in urls.items()})


@router.get(
    "/multipart/{upload_id}/{number}",
    operation_id="sign_part",
    summary="Sign one part",
    responses=SIGNING_ERRORS,
)
async def sign_part(number: Number, upload: OpenUpload, resources: AppResources) -> PartUrl:
    """Get the presigned URL to which to PUT one part."""
    urls = await upload.sign(number)
    return PartUrl(url=urls[number], expires=resources.settings.upload_url_ttl_s)


@router.post(
    "/multipart/{upload_id}/complete",
    operation_id="complete_multipart_upload",
    summary="Complete an upload in parts",
    responses=responses(
        InvalidPartsError,
        UploadNotFoundError,
        UploadCompletedError,
        UploadConflictError,
        UploadIncompleteError,
        UploadTooLargeError,
        AwsUnavailableError,
    ),
)
async def complete_multipart_upload(
    completion: CompletionRequest, upload: OpenUpload, resources: AppResources
) -> Completed:
    """Assemble the file from its parts. The system then creates its job. An upload that is too large is aborted."""
    etags = {part.PartNumber: part.ETag for part in completion.parts}
    if len(etags) != len(completion.parts):
        raise InvalidPartsError("The list has the same part number twice.")
    await upload.complete(etags)
    bucket = resources.multipart
    return Completed(location=await bucket.url(upload.input_file), key=upload.input_file, bucket=bucket.bucket)


@router.delete(
    "/multipart/{upload_id}",
    operation_id="abort_multipart_upload",
    summary="Abort an upload in parts",
    responses=ERRORS,
)
async def abort_multipart_upload(upload: OpenUpload) -> Aborted:
    """Delete the upload with its parts, and forget its key."""
    await upload.abort()
    return Aborted()
