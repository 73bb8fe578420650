"""The route that announces an upload."""

from datetime import UTC, datetime

from fastapi import APIRouter

from service.api.dependencies import AppResources, NewUploadCaller
from service.api.middleware.request_log import log_upload_event
from service.api.problems import responses
from service.uploads.file_names import new_input_file
from service.views.bodies import PresignedUpload, UploadRequest
from transcode.errors import AwsUnavailableError, TooManyUploadsError, UnsupportedTypeError, UploadTooLargeError
from transcode.lookup import Lookup

router = APIRouter(tags=["uploads"])


@router.post(
    "/uploads",
    status_code=201,
    operation_id="create_upload",
    summary="Announce an upload",
    responses=responses(UploadTooLargeError, UnsupportedTypeError, TooManyUploadsError, AwsUnavailableError),
)
async def create_upload(upload: UploadRequest, caller: NewUploadCaller, resources: AppResources) -> PresignedUpload:
    """Get a presigned PUT for one file. The system creates the job once the file is in the bucket."""
    settings = resources.settings
    settings.acceptance.check_type(upload.content_type)
    settings.acceptance.check_size(upload.size_bytes, in_parts=False)
    now_s = resources.now_s()
    input_file = new_input_file(settings.upload_prefix, upload.file_name)
    lookup = Lookup(input_file=input_file, file_name=upload.file_name, owner=caller.owner)
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
