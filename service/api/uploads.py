"""The route that announces an upload, and the one that says which uploads are accepted."""

from datetime import UTC, datetime

from fastapi import APIRouter, Response

from service.api.dependencies import AppResources, NewUploadCaller
from service.api.middleware.request_log import log_upload_event
from service.api.problems import responses
from service.uploads.file_names import new_input_file
from service.views.bodies import Limits, PresignedUpload, UploadRequest
from transcode.errors import (
    AwsUnavailableError,
    TooManyUploadsError,
    UnsupportedTypeError,
    UploadTooLargeError,
    UploadTooLongError,
)
from transcode.lookup import Lookup

router = APIRouter(tags=["uploads"])

LIMITS_MAX_AGE_S = 300
"""Seconds for which browsers and proxies may cache the limits. They change with a deployment only."""


@router.get("/limits", operation_id="limits", summary="Which uploads are accepted?")
async def limits(response: Response, resources: AppResources) -> Limits:
    """Get the accepted types, sizes and durations. Needs no token, and may be cached."""
    settings, acceptance = resources.settings, resources.settings.acceptance
    response.headers["Cache-Control"] = f"public, max-age={LIMITS_MAX_AGE_S}"
    return Limits(
        content_types=list(acceptance.content_types),
        extensions=acceptance.extensions,
        max_size_bytes=acceptance.max_bytes,
        max_single_size_bytes=acceptance.max_single_bytes,
        max_duration_ms=acceptance.max_duration_s * 1000,
        max_side_px=settings.upload_max_side_px,
        uploads_per_minute=settings.uploads_per_minute or None,
    )


@router.post(
    "/uploads",
    status_code=201,
    operation_id="create_upload",
    summary="Announce an upload",
    responses=responses(
        UploadTooLargeError, UploadTooLongError, UnsupportedTypeError, TooManyUploadsError, AwsUnavailableError
    ),
)
async def create_upload(upload: UploadRequest, caller: NewUploadCaller, resources: AppResources) -> PresignedUpload:
    """Get a presigned PUT for one file. The system creates the job once the file is in the bucket."""
    settings = resources.settings
    settings.acceptance.check_type(upload.content_type)
    settings.acceptance.check_size(upload.size_bytes, in_parts=False)
    settings.acceptance.check_duration(upload.duration_ms)
    now_s = resources.now_s()
    input_file = new_input_file(settings.upload_prefix, upload.file_name)
    lookup = Lookup(
        input_file=input_file,
        file_name=upload.file_name,
        owner=caller.owner,
        external_id=upload.external_id,
        metadata=upload.metadata,
    )
    await resources.lookups.announce(lookup, now_s=now_s, good_for_s=settings.upload_url_ttl_s)
    log_upload_event(
        "upload.announced", input_file, by="put", content_type=upload.content_type, size_bytes=upload.size_bytes
    )
    put = await resources.bucket.presign(
        input_file,
        content_type=upload.content_type,
        size_bytes=upload.size_bytes,
        ttl_s=settings.upload_url_ttl_s,
    )
    return PresignedUpload(
        input_file=input_file,
        url=put.url,
        headers=put.headers,
        expires_at=datetime.fromtimestamp(now_s + settings.upload_url_ttl_s, UTC),
    )
