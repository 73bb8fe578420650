"""The routes of jobs: find one, get one, retry one."""

from fastapi import APIRouter, Response

from service.access.caller import may_see
from service.api.dependencies import AppResources, CurrentCaller, InputFile, JobId, NewUploadCaller
from service.api.hot_route import HotRoute
from service.api.idempotency import IdempotencyKey, effective_once
from service.api.middleware.request_log import log_upload_event
from service.api.problems import responses
from service.aws.idempotency_keys import KeyClaim
from service.resources import Resources
from service.views.bodies import JobRequest
from service.views.followed import FileKey, Followed, JobKey, Key
from transcode import job as job_model
from transcode.errors import (
    AwsUnavailableError,
    IdempotencyKeyInUseError,
    IdempotencyKeyReusedError,
    InputFileGoneError,
    JobNotFoundError,
    NothingToRetryError,
    RetriesExhaustedError,
    RetryNotConfiguredError,
    TooManyUploadsError,
    UploadNotFoundError,
)
from transcode.job_view import JobView, view_without_job
from transcode.lookup import Lookup

router = APIRouter(tags=["jobs"])
hot = APIRouter(tags=["jobs"], route_class=HotRoute)


@hot.get(
    "/jobs/{job_id}",
    operation_id="get_job",
    summary="Get a job",
    response_model=JobView,
    responses=responses(JobNotFoundError, AwsUnavailableError),
)
async def get_job(job_id: JobId, caller: CurrentCaller, resources: AppResources) -> Response:
    """Get everything that a front end can show of a job.

    If this deployment restricts access to key files, the response for a COMPLETE job sets the cookies with which a
    browser fetches the video's key. They expire: get the job again before you play the video again.
    """
    key = JobKey(job_id)
    followed = await resources.reader.follow(key)
    if followed.owner_record is None or not may_see(caller, followed.owner_record):
        raise JobNotFoundError
    return _job_response(key, followed, resources)


@hot.get(
    "/jobs",
    operation_id="find_job",
    summary="Find the job of an input file",
    response_model=JobView,
    responses=responses(UploadNotFoundError, AwsUnavailableError),
)
async def find_job(input_file: InputFile, caller: CurrentCaller, resources: AppResources) -> Response:
    """Get the newest job of a file. Until the file has a job, `job_id` is null.

    The status is AWAITING_UPLOAD before the file is uploaded, and QUEUED from then until its job is created.
    """
    key = FileKey(input_file)
    followed = await resources.reader.follow(key)
    if followed.owner_record is None or not may_see(caller, followed.owner_record):
        raise UploadNotFoundError
    return _job_response(key, followed, resources)


@router.post(
    "/jobs",
    status_code=202,
    operation_id="retry_job",
    summary="Request another job for a file",
    responses=responses(
        UploadNotFoundError,
        JobNotFoundError,
        NothingToRetryError,
        RetriesExhaustedError,
        RetryNotConfiguredError,
        TooManyUploadsError,
        IdempotencyKeyReusedError,
        IdempotencyKeyInUseError,
        AwsUnavailableError,
    ),
)
async def retry_job(
    job_request: JobRequest,
    caller: NewUploadCaller,
    resources: AppResources,
    idempotency_key: IdempotencyKey = None,
) -> JobView:
    """After an ERROR or CANCELED, transcode the same file again. Two requests for the same retry create one job.

    Until the new job is created, the file's status is QUEUED and its `job_id` null. With an Idempotency-Key, a repeated
    request never requests a second job, also after the first one has ended: it gets the file's newest job.
    """
    lookup = await resources.lookups.get(job_request.input_file, now_s=resources.now_s(), consistent=True)
    if lookup is None or not may_see(caller, lookup):
        raise UploadNotFoundError
    async with effective_once(resources, caller, idempotency_key, job_request, target="") as claim:
        if claim.is_done or (claim.target and claim.target not in _replaceable_names(lookup)):
            return await resources.job_of(lookup.input_file)
        return await _request_job(lookup, claim, resources)


def _replaceable_names(lookup: Lookup) -> tuple[str | None, ...]:
    """Return the names of what another job of the file may replace now, or replaces since a request."""
    return lookup.replaces, lookup.job_id, f"refused-{lookup.claimed_ms}"


async def _request_job(lookup: Lookup, claim: KeyClaim, resources: Resources) -> JobView:
    now_s = resources.now_s()
    replaces = lookup.replaces or await _replaceable(lookup, resources)
    stored = await resources.multipart.head(lookup.input_file)
    if stored is None:
        raise InputFileGoneError
    if claim.row:
        await resources.idempotency.record_target(claim, replaces)
    await resources.lookups.count_retry(
        lookup.input_file, replaces=replaces, limit=resources.settings.retries_per_upload
    )
    log_upload_event("job.requested", lookup.input_file, replaces=replaces)
    await resources.requests.send(lookup.input_file, stored, replaces=replaces)
    if lookup.replaces is None:
        await resources.lookups.request(lookup, replaces=replaces, now_s=now_s)
    return view_without_job(lookup.with_request(replaces, now_s=now_s))


async def _replaceable(lookup: Lookup, resources: Resources) -> str:
    """Return the id of the job, or the name of the refusal, that another job would replace.

    Raises:
        NothingToRetryError: The file's job is running, is complete, or has not been created yet.
        JobNotFoundError: The status of the file's job has expired.
    """
    if lookup.job_id is None:
        if not lookup.is_over:
            raise NothingToRetryError("The system creates the file's first job once the file is uploaded.")
        return f"refused-{lookup.claimed_ms}"
    job = await resources.statuses.get(lookup.job_id, now_s=resources.now_s(), consistent=True)
    if job is None:
        raise JobNotFoundError("The status of the file's job has expired; upload the file again.")
    if job.status is job_model.Status.COMPLETE:
        raise NothingToRetryError("The file's job is complete; to transcode the file again, upload it again.")
    if not job.status.is_final:
        raise NothingToRetryError("The file's job has not ended yet.")
    return lookup.job_id


def _job_response(key: Key, followed: Followed, resources: Resources) -> Response:
    """Return the job as JSON, with the playback cookies: a caller who may see a job may also play it.

    The JSON comes from a cache that all callers share; FastAPI would validate and serialize it again for each caller.
    """
    now_ms = resources.now_ms()
    response = Response(resources.job_json.of(key, followed, now_ms=now_ms), media_type="application/json")
    if resources.cookies is not None:
        resources.cookies.set_on(response, followed.job, now_s=now_ms // 1000)
    return response
