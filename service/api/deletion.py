"""The route that deletes an upload. The worker deletes; the service requests it, and hides the upload at once.

The row is marked after the message is sent. If the process dies between the two, the deletion is carried out all the
same, because the worker marks the row too.
"""

from fastapi import APIRouter

from service.access.caller import may_see
from service.api.dependencies import AppResources, CurrentCaller, InputFile
from service.api.middleware.request_log import log_upload_event
from service.api.problems import responses
from service.resources import Resources
from service.views.bodies import DeletedUpload
from service.views.followed import FileKey, JobKey
from transcode.errors import AwsUnavailableError, DeleteNotConfiguredError, UploadNotFoundError
from transcode.lookup import Lookup

SEND_AGAIN_S = 60
"""Seconds after which a repeated request sends another message, in case the first one was lost."""

router = APIRouter(tags=["uploads"])


@router.delete(
    "/uploads",
    status_code=202,
    operation_id="delete_upload",
    summary="Delete an upload",
    responses=responses(UploadNotFoundError, DeleteNotConfiguredError, AwsUnavailableError),
)
async def delete_upload(input_file: InputFile, caller: CurrentCaller, resources: AppResources) -> DeletedUpload:
    """Delete an upload with its file, its jobs, its videos and everything that is recorded about it.

    The upload and its jobs return 404 at once. If a job runs, it is canceled. The files are removed within seconds or
    minutes. A repeated request returns the same response for 30 days, and then 404.
    """
    now_s = resources.now_s()
    lookup = await resources.lookups.get(input_file, now_s=now_s, consistent=True, include_deleted=True)
    if lookup is None or not may_see(caller, lookup):
        raise UploadNotFoundError
    if lookup.deleted_s is None and now_s - (lookup.delete_requested_s or 0) >= SEND_AGAIN_S:
        log_upload_event("upload.delete_asked", input_file)
        await resources.deletes.send(input_file, urls_until_s=now_s + resources.settings.upload_url_ttl_s)
        await _hide(lookup, resources, now_s=now_s)
    return DeletedUpload(input_file=input_file)


async def _hide(lookup: Lookup, resources: Resources, *, now_s: int) -> None:
    """Mark the upload, end its watchers' streams, and subtract an unfinished upload from its caller's bytes."""
    is_first = await resources.deletion_marks.request(lookup, now_s=now_s)
    if is_first and lookup.reserved_in is not None and not lookup.is_uploaded:
        await resources.unfinished.release(lookup.reserved_in, lookup.reserved_bytes or 0)
    resources.reader.invalidate()
    resources.hub.read_soon(FileKey(lookup.input_file), *([JobKey(lookup.job_id)] if lookup.job_id else []))
