"""What Uppy's S3 plugin asks its companion for, under /s3: uploads by form and in parts.

The contract is that of @uppy/companion, but for its trust: a key is made by us, and it, the upload's id and the caller
must belong together, as POST wrote them down. https://uppy.io/docs/aws-s3/
"""

import time
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.exceptions import RequestValidationError

from service.api.dependencies import AppResources, NewUploadCaller
from service.api.middleware.request_log import note
from service.api.open_upload import OpenUpload
from service.api.problems import responses
from service.uploads.file_names import new_input_file
from service.views.companion import (
    MOST_PARTS,
    Aborted,
    Completed,
    CompletionRequest,
    ContentType,
    FileName,
    FormUpload,
    ListedPart,
    MultipartBegun,
    MultipartRequest,
    PartUrl,
    PartUrls,
    announced_bytes,
)
from transcode.errors import (
    AwsUnavailableError,
    InvalidPartsError,
    TooManyUploadsError,
    UnsupportedTypeError,
    UploadCompletedError,
    UploadIncompleteError,
    UploadNotFoundError,
    UploadTooLargeError,
)
from transcode.lookup import Lookup

MULTIPART_TTL_S = 2 * 86_400
"""Seconds for which an unfinished upload is kept: the bucket's lifecycle rule throws it away after two days."""

router = APIRouter(prefix="/s3", tags=["uppy"])

Number = Annotated[int, Path(ge=1, le=MOST_PARTS, description="The part's number.")]


ERRORS = responses(UploadNotFoundError, UploadCompletedError, AwsUnavailableError)


@router.get(
    "/params",
    operation_id="create_form_upload",
    summary="Announce an upload by form",
    responses=responses(UploadTooLargeError, UnsupportedTypeError, TooManyUploadsError, AwsUnavailableError),
)
async def create_form_upload(
    filename: Annotated[FileName, Query()],
    type: Annotated[ContentType, Query()],  # noqa: A002 -- Uppy's name for it
    caller: NewUploadCaller,
    resources: AppResources,
    size: Annotated[str | None, Query(alias="metadata[size]", description="The length in bytes, where known.")] = None,
) -> FormUpload:
    """Get a form for one file, whose policy binds key, content type and length."""
    settings, size_bytes = resources.settings, announced_bytes({"size": size})
    accepted = settings.acceptance
    accepted.check_type(type)
    accepted.check_size(size_bytes or 1, in_parts=False)
    input_file = new_input_file(settings.upload_prefix, filename)
    lookup = Lookup(input_file=input_file, file_name=filename, owner=caller.owner, size_bytes=size_bytes)
    await resources.lookups.announce(lookup, now_s=int(time.time()), good_for_s=settings.upload_url_ttl_s)
    note("upload.announced", input_file, by="form", content_type=type, size_bytes=size_bytes)
    post = await resources.multipart.presign_post(
        input_file,
        content_type=type,
        least_bytes=size_bytes or 1,
        most_bytes=size_bytes or accepted.max_single_bytes,
        ttl_s=settings.upload_url_ttl_s,
    )
    return FormUpload(url=post.url, fields=post.fields, expires=settings.upload_url_ttl_s)


@router.post(
    "/multipart",
    operation_id="create_multipart_upload",
    summary="Begin an upload in parts",
    responses=responses(UploadTooLargeError, UnsupportedTypeError, TooManyUploadsError, AwsUnavailableError),
)
async def create_multipart_upload(
    wanted: MultipartRequest, caller: NewUploadCaller, resources: AppResources
) -> MultipartBegun:
    """Begin an upload that can be resumed; its key and id are good for this caller only."""
    size_bytes = announced_bytes(wanted.metadata)
    resources.settings.acceptance.check_type(wanted.type)
    resources.settings.acceptance.check_size(size_bytes or 1, in_parts=True)
    input_file = new_input_file(resources.settings.upload_prefix, wanted.filename)
    upload_id = await resources.multipart.begin(input_file, content_type=wanted.type)
    lookup = Lookup(
        input_file=input_file,
        file_name=wanted.filename,
        owner=caller.owner,
        upload_id=upload_id,
        size_bytes=size_bytes,
    )
    await resources.lookups.announce(lookup, now_s=int(time.time()), good_for_s=MULTIPART_TTL_S)
    note("upload.announced", input_file, by="parts", content_type=wanted.type, size_bytes=lookup.size_bytes)
    return MultipartBegun(key=input_file, upload_id=upload_id, bucket=resources.multipart.bucket)


@router.get(
    "/multipart/{upload_id}", operation_id="list_parts", summary="List the parts that were sent", responses=ERRORS
)
async def list_parts(upload: OpenUpload) -> list[ListedPart]:
    """See what is there already, to resume with the rest."""
    return [ListedPart(PartNumber=part.number, ETag=part.etag, Size=part.size_bytes) for part in await upload.parts()]


@router.get(
    "/multipart/{upload_id}/batch",
    operation_id="sign_parts",
    summary="Sign several parts",
    responses=ERRORS,
)
async def sign_parts(
    upload: OpenUpload,
    numbers: Annotated[
        str,
        Query(alias="partNumbers", pattern=r"^[0-9]{1,5}(,[0-9]{1,5})*$", max_length=5_000, description="With commas."),
    ],
) -> PartUrls:
    """Get the addresses of some parts at once: about a thousand at most."""
    wanted = sorted({int(number) for number in numbers.split(",")})
    if not 1 <= wanted[0] <= wanted[-1] <= MOST_PARTS:
        problem = {"loc": ("query", "partNumbers"), "msg": f"Part numbers are 1 to {MOST_PARTS}", "type": "value_error"}
        raise RequestValidationError([problem])
    return PartUrls(presigned_urls={str(number): await upload.sign(number) for number in wanted})


@router.get(
    "/multipart/{upload_id}/{number}",
    operation_id="sign_part",
    summary="Sign one part",
    responses=ERRORS,
)
async def sign_part(number: Number, upload: OpenUpload, resources: AppResources) -> PartUrl:
    """Get the address to PUT one part to."""
    return PartUrl(url=await upload.sign(number), expires=resources.settings.upload_url_ttl_s)


@router.post(
    "/multipart/{upload_id}/complete",
    operation_id="complete_multipart_upload",
    summary="Complete an upload in parts",
    responses=responses(
        InvalidPartsError,
        UploadNotFoundError,
        UploadCompletedError,
        UploadIncompleteError,
        UploadTooLargeError,
        AwsUnavailableError,
    ),
)
async def complete_multipart_upload(
    wanted: CompletionRequest, upload: OpenUpload, resources: AppResources
) -> Completed:
    """Make the file of its parts; its job is made by itself. What is too large is thrown away."""
    tags = {part.PartNumber: part.ETag for part in wanted.parts}
    if len(tags) != len(wanted.parts):
        raise InvalidPartsError("A part number stands in the list twice.")
    await upload.complete(tags)
    bucket = resources.multipart
    return Completed(location=await bucket.address(upload.input_file), key=upload.input_file, bucket=bucket.bucket)


@router.delete(
    "/multipart/{upload_id}",
    operation_id="abort_multipart_upload",
    summary="Abort an upload in parts",
    responses=ERRORS,
)
async def abort_multipart_upload(upload: OpenUpload) -> Aborted:
    """Throw the upload and its parts away; its key is forgotten."""
    await upload.abort()
    return Aborted()
