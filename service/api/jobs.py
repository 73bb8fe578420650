"""The routes of jobs: find one, get one, cancel one, request another one."""

import time

from fastapi import APIRouter, Request, Response

from service.access.caller import Caller, may_see
from service.api.dependencies import AppResources, CurrentCaller, InputFile, JobId, NewUploadCaller, resources_of
from service.api.middleware.request_log import note
from service.api.problems import responses
from service.resources import Resources
from service.views.bodies import JobRequest
from service.views.followed import FileKey, Followed, JobKey, Key
from transcode import job as rule
from transcode.errors import (
    AwsUnavailableError,
    InputFileGoneError,
    JobFinalError,
    JobNotFoundError,
    NothingToRetryError,
    RetryNotConfiguredError,
    TooManyUploadsError,
    UploadNotFoundError,
)
from transcode.job_view import JobView, job_view, view_without_job
from transcode.lookup import Lookup

router = APIRouter(tags=["jobs"])


# The first to be compared with a request's path, because it is asked for most.
@router.get(
    "/jobs/{job_id}",
    operation_id="get_job",
    summary="Get a job",
    response_model=JobView,
    responses=responses(JobNotFoundError, AwsUnavailableError),
)
async def get_job(job_id: JobId, caller: CurrentCaller, request: Request) -> Response:
    """Get everything there is to show of a job.

    Where videos' keys are guarded, the answer about a COMPLETE job comes with the cookies that fetch its key, for a
    while: ask again before you play it again.
    """
    resources, key = resources_of(request), JobKey(job_id)
    followed = await resources.reader.follow(key)
    if followed.owned is None or not may_see(caller, followed.owned):
        raise JobNotFoundError
    return _answer(key, followed, resources)


@router.get(
    "/jobs",
    operation_id="find_job",
    summary="Find the job of an input file",
    response_model=JobView,
    responses=responses(UploadNotFoundError, AwsUnavailableError),
)
async def find_job(input_file: InputFile, caller: CurrentCaller, request: Request) -> Response:
    """Get the newest job of a file; before there is one, its status is AWAITING_UPLOAD and its id null."""
    resources, key = resources_of(request), FileKey(input_file)
    followed = await resources.reader.follow(key)
    if followed.owned is None or not may_see(caller, followed.owned):
        raise UploadNotFoundError
    return _answer(key, followed, resources)


@router.post(
    "/jobs/{job_id}/cancel",
    status_code=202,
    operation_id="cancel_job",
    summary="Cancel a job",
    responses=responses(JobNotFoundError, JobFinalError, AwsUnavailableError),
)
async def cancel_job(job_id: JobId, caller: CurrentCaller, resources: AppResources) -> JobView:
    """End a job that is not over yet: its status is CANCELED from now on, and nothing of it can be played."""
    job = await _job(job_id, caller, resources)
    if job.status.is_final:
        raise JobFinalError
    await resources.canceller.cancel(job_id)
    if job.input_file is not None:
        note("job.cancel_asked", job.input_file, job_id=job_id)
    # MediaConvert sends no event for a job that was still waiting, so the status is ours to write, by the same rule
    # as an event's: where one came first, that one stands.
    now_ms = int(time.time() * 1000)
    await resources.statuses.advance(rule.Canceled(job_id=job_id, time_ms=now_ms), now_s=now_ms // 1000)
    resources.reader.forget()
    job = await _job(job_id, caller, resources)
    if job.status is not rule.Status.CANCELED:
        raise JobFinalError
    return job_view(job, now_ms=now_ms, playback_base_url=resources.settings.playback_base_url)


@router.post(
    "/jobs",
    status_code=202,
    operation_id="retry_job",
    summary="Ask for another job of a file",
    responses=responses(
        UploadNotFoundError,
        JobNotFoundError,
        NothingToRetryError,
        RetryNotConfiguredError,
        TooManyUploadsError,
        AwsUnavailableError,
    ),
)
async def retry_job(wanted: JobRequest, caller: NewUploadCaller, resources: AppResources) -> JobView:
    """After an ERROR or CANCELED, try again with the file that is still there; asking twice makes one job.

    Until the new job is made, which takes a moment, the file's status is SUBMITTED and its job's id null.
    """
    now_s = int(time.time())
    lookup = await resources.lookups.get(wanted.input_file, now_s=now_s, consistent=True)
    if lookup is None or not may_see(caller, lookup):
        raise UploadNotFoundError
    replaces = lookup.replaces or await _replaceable(lookup, resources)
    there = await resources.multipart.head(lookup.input_file)
    if there is None:
        raise InputFileGoneError
    note("job.requested", lookup.input_file, replaces=replaces)
    await resources.requests.send(lookup.input_file, there, replaces=replaces)
    if lookup.replaces is None:
        await resources.lookups.request(lookup, replaces=replaces, now_s=now_s)
    return view_without_job(lookup.with_request(replaces))


async def _replaceable(lookup: Lookup, resources: Resources) -> str:
    """Return the name of what another job would replace.

    Raises:
        NothingToRetryError: The file's job runs, is complete, or is still to be made for the first time.
        JobNotFoundError: Its status has expired.
    """
    if lookup.job_id is None:
        if lookup.failure is None:
            raise NothingToRetryError("The file's first job is made by itself once the file is there.")
        return f"refused-{lookup.claimed_ms}"
    job = await resources.statuses.get(lookup.job_id, now_s=int(time.time()), consistent=True)
    if job is None:
        raise JobNotFoundError("The status of the file's job has expired; upload the file again.")
    if job.status is rule.Status.COMPLETE:
        raise NothingToRetryError("The file's job is complete; upload the file again to have it transcoded anew.")
    if not job.status.is_final:
        raise NothingToRetryError("The file's job is not over yet.")
    return lookup.job_id


async def _job(job_id: str, caller: Caller, resources: Resources) -> rule.Job:
    job = await resources.statuses.get(job_id, now_s=int(time.time()), consistent=True)
    if job is None or not may_see(caller, job):
        raise JobNotFoundError
    return job


def _answer(key: Key, followed: Followed, resources: Resources) -> Response:
    """Return the job as JSON that is ready: FastAPI would check and serialize what we have just made, once a caller.

    Whoever gets it may see it, and so may play it: what playback asks for comes along.
    """
    now_ms = int(time.time() * 1000)
    response = Response(resources.job_json.of(key, followed, now_ms=now_ms), media_type="application/json")
    if resources.cookies is not None:
        resources.cookies.set_on(response, followed.job, now_s=now_ms // 1000)
    return response
