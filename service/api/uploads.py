"""The route that announces an upload, and the one that says which uploads are accepted."""

from datetime import UTC, datetime

from fastapi import APIRouter, Response

from service.access.caller import Caller
from service.api.dependencies import AppResources, NewUploadCaller
from service.api.idempotency import IdempotencyKey, effective_once
from service.api.middleware.request_log import log_upload_event
from service.api.problems import responses
from service.aws.idempotency_keys import KeyClaim
from service.resources import Resources
from service.uploads.file_names import new_input_file
from service.views.bodies import Limits, PresignedUpload, ProfileLimits, UploadRequest
from transcode.errors import (
    AwsUnavailableError,
    IdempotencyKeyInUseError,
    IdempotencyKeyReusedError,
    TooManyUploadsError,
    UnknownProfileError,
    UnsupportedTypeError,
    UploadCompletedError,
    UploadNotFoundError,
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
    profiles = [
        ProfileLimits(name=name, content_types=list(types), extensions=acceptance.extensions(name))
        for name, types in acceptance.profiles.items()
    ]
    return Limits(
        content_types=profiles[0].content_types,
        extensions=profiles[0].extensions,
        profiles=profiles,
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
        UploadTooLargeError,
        UploadTooLongError,
        UnsupportedTypeError,
        UnknownProfileError,
        TooManyUploadsError,
        UploadCompletedError,
        UploadNotFoundError,
        IdempotencyKeyReusedError,
        IdempotencyKeyInUseError,
        AwsUnavailableError,
    ),
)
async def create_upload(
    upload: UploadRequest,
    caller: NewUploadCaller,
    resources: AppResources,
    idempotency_key: IdempotencyKey = None,
) -> PresignedUpload:
    """Get a presigned PUT for one file. The system creates the job once the file is in the bucket.

    With an Idempotency-Key, a repeated request gets the same upload with a new signature, until the file is there.
    """
    settings = resources.settings
    profile = settings.acceptance.profile(upload.profile)
    settings.acceptance.check_type(upload.content_type, profile)
    settings.acceptance.check_size(upload.size_bytes, in_parts=False)
    settings.acceptance.check_duration(upload.duration_ms)
    target = new_input_file(settings.upload_prefix, upload.file_name)
    async with effective_once(resources, caller, idempotency_key, upload, target=target) as claim:
        if not await _is_announced(claim, resources):
            await _announce(claim.target, upload, caller, resources)
    return await _signed(claim.target, upload, resources)


async def _is_announced(claim: KeyClaim, resources: Resources) -> bool:
    """Return whether an earlier request of the key has announced the upload, whose file is still missing.

    Raises:
        UploadCompletedError: The file is there.
        UploadNotFoundError: The upload was deleted since.
    """
    if not claim.is_repeated:
        return False
    lookup = await resources.lookups.get(claim.target, now_s=resources.now_s(), consistent=True)
    if lookup is None:
        if claim.is_done:
            raise UploadNotFoundError
        return False
    if lookup.claimed_ms is not None or await resources.multipart.head(claim.target) is not None:
        raise UploadCompletedError(f"The file of this upload is there: follow it as {claim.target}.")
    return True


async def _announce(input_file: str, upload: UploadRequest, caller: Caller, resources: Resources) -> None:
    lookup = Lookup(
        input_file=input_file,
        file_name=upload.file_name,
        owner=caller.owner,
        profile=resources.settings.acceptance.profile(upload.profile),
        external_id=upload.external_id,
        metadata=upload.metadata,
    )
    # A slow request with the same key may have announced the same upload since.
    await resources.lookups.announce(
        lookup, now_s=resources.clock(), good_for_s=resources.settings.upload_url_ttl_s, unless_exists=True
    )
    log_upload_event(
        "upload.announced", input_file, by="put", content_type=upload.content_type, size_bytes=upload.size_bytes
    )


async def _signed(input_file: str, upload: UploadRequest, resources: Resources) -> PresignedUpload:
    now_s, ttl_s = resources.now_s(), resources.settings.upload_url_ttl_s
    put = await resources.bucket.presign(
        input_file, content_type=upload.content_type, size_bytes=upload.size_bytes, ttl_s=ttl_s
    )
    return PresignedUpload(
        input_file=input_file,
        url=put.url,
        headers=put.headers,
        expires_at=datetime.fromtimestamp(now_s + ttl_s, UTC),
    )
