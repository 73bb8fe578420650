"""The routes that cancel: a job, or the newest attempt at a job of a file. The worker cancels; the service requests it.

A job's row is changed after the message is sent, and a file's row before: a job's message is enough to cancel it, but a
file that waits for its job is canceled only if its row says so. If the process dies between the two, the request is
either carried out or lost as a whole.
"""

from fastapi import APIRouter

from service.access.caller import Caller, may_see
from service.api.dependencies import AppResources, CurrentCaller, JobId
from service.api.middleware.request_log import log_upload_event
from service.api.problems import responses
from service.resources import Resources
from service.views.bodies import JobRequest
from service.views.followed import FileKey, JobKey
from transcode.errors import (
    AwsUnavailableError,
    CancelNotConfiguredError,
    FollowedJobError,
    JobFinalError,
    JobNotFoundError,
    NothingToCancelError,
    UploadNotFoundError,
)
from transcode.job import Job, Status
from transcode.job_view import JobView, job_view, view_without_job
from transcode.lookup import Lookup

SEND_AGAIN_S = 60
"""Seconds after which a repeated request sends another message. Each message costs the worker calls to MediaConvert."""
MAX_READS = 3
"""Reads of a file's row that changes while its cancellation is recorded."""

router = APIRouter(tags=["jobs"])


@router.post(
    "/jobs/{job_id}/cancel",
    status_code=202,
    operation_id="cancel_job",
    summary="Cancel a job",
    responses=responses(
        JobNotFoundError, JobFinalError, FollowedJobError, CancelNotConfiguredError, AwsUnavailableError
    ),
)
async def cancel_job(job_id: JobId, caller: CurrentCaller, resources: AppResources) -> JobView:
    """Request the end of a job that has not ended yet.

    `cancel_requested` is true at once. The status is CANCELED once the job is canceled, which takes a second or two;
    longer while MediaConvert is not available. If the job ends by itself before that, its own status stays.
    """
    job = await resources.statuses.get(job_id, now_s=resources.now_s(), consistent=True)
    if job is None or not may_see(caller, job):
        raise JobNotFoundError
    if job.is_followed:
        raise FollowedJobError
    return await _cancel_job(job, resources)


@router.post(
    "/jobs/cancel",
    status_code=202,
    operation_id="cancel_file",
    summary="Cancel the job of an input file",
    responses=responses(
        UploadNotFoundError,
        JobNotFoundError,
        JobFinalError,
        NothingToCancelError,
        CancelNotConfiguredError,
        AwsUnavailableError,
    ),
)
async def cancel_file(job_request: JobRequest, caller: CurrentCaller, resources: AppResources) -> JobView:
    """Request the end of a file's newest job. If the file is still QUEUED, no job is created for it.

    `cancel_requested` is true at once, and the status is CANCELED soon, as after the cancellation of a job.
    """
    for _ in range(MAX_READS):
        lookup = await _lookup(job_request.input_file, caller, resources)
        if lookup.job_id is not None:
            job = await resources.statuses.get(lookup.job_id, now_s=resources.now_s(), consistent=True)
            if job is None:
                raise JobNotFoundError("The status of the file's job has expired.")
            return await _cancel_job(job, resources)
        if lookup.is_over:
            raise JobFinalError
        if not lookup.is_queued:
            raise NothingToCancelError
        resources.cancels.require_queue()
        if await resources.lookups.request_cancel(lookup):
            break
    else:
        raise AwsUnavailableError("The file's state changes at the moment; retrying is safe.")
    log_upload_event("job.cancel_asked", lookup.input_file)
    await resources.cancels.send(input_file=lookup.input_file, job_id=None)
    resources.hub.read_soon(FileKey(lookup.input_file))
    return view_without_job(lookup.with_cancel_request())


async def _lookup(input_file: str, caller: Caller, resources: Resources) -> Lookup:
    lookup = await resources.lookups.get(input_file, now_s=resources.now_s(), consistent=True)
    if lookup is None or not may_see(caller, lookup):
        raise UploadNotFoundError
    return lookup


async def _cancel_job(job: Job, resources: Resources) -> JobView:
    if job.status.is_final:
        raise JobFinalError
    now_s = resources.now_s()
    if job.cancel_requested_s is None or now_s - job.cancel_requested_s >= SEND_AGAIN_S:
        if job.input_file is not None:
            log_upload_event("job.cancel_asked", job.input_file, job_id=job.job_id)
        await resources.cancels.send(input_file=job.input_file, job_id=job.job_id)
        ended = await resources.statuses.request_cancel(job.job_id, now_s=now_s)
        resources.reader.invalidate()
        resources.hub.read_soon(JobKey(job.job_id), *([FileKey(job.input_file)] if job.input_file else []))
        if ended is not None and ended.status is not Status.CANCELED:
            raise JobFinalError
        job = ended or job.with_cancel_request(now_s=now_s)
    return job_view(job, now_ms=resources.now_ms(), playback_base_url=resources.settings.playback_base_url)
