"""The routes: announce an upload, find its job, watch it."""

import hashlib
import secrets
import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from service import presenting
from service.access import Calling
from service.caller import Caller, may_see
from service.file_names import input_file as key_for
from service.problems import responses
from service.resources import Resources
from service.schemas import EXAMPLE_FILE, EXAMPLE_JOB, Health, Job, Progress, Upload, UploadRequest
from transcode import job as rule
from transcode.errors import (
    AwsUnavailableError,
    JobNotFoundError,
    UnsupportedTypeError,
    UploadNotFoundError,
    UploadTooLargeError,
)
from transcode.upload import Lookup

router = APIRouter()


def resources(request: Request) -> Resources:
    """Return what the app's lifespan opened."""
    opened: Resources = request.app.state.resources
    return opened


Opened = Annotated[Resources, Depends(resources)]
InputFile = Annotated[
    str,
    Query(min_length=1, max_length=1024, description="The key that `POST /uploads` gave.", examples=[EXAMPLE_FILE]),
]
JobId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,100}$", description="The job's id.", examples=[EXAMPLE_JOB])]


@router.post(
    "/uploads",
    status_code=201,
    operation_id="create_upload",
    tags=["uploads"],
    summary="Announce an upload",
    responses=responses(UploadTooLargeError, UnsupportedTypeError, AwsUnavailableError),
)
async def create_upload(wanted: UploadRequest, caller: Calling, opened: Opened) -> Upload:
    """Get a presigned PUT for one file. Its job is made by itself once the file is there."""
    settings = opened.settings
    if wanted.content_type.lower() not in settings.upload_content_types:
        raise UnsupportedTypeError(f"Not an accepted type; accepted are {', '.join(settings.upload_content_types)}.")
    if wanted.size_bytes > settings.upload_max_bytes:
        raise UploadTooLargeError(f"The file is larger than {settings.upload_max_bytes} bytes.")
    now_s = int(time.time())
    input_file = key_for(settings.upload_prefix, secrets.token_hex(16), wanted.file_name)
    await opened.lookups.announce(
        Lookup(input_file=input_file, file_name=wanted.file_name, owner=caller.owner), now_s=now_s
    )
    put = await opened.bucket.presign(
        input_file,
        content_type=wanted.content_type,
        size_bytes=wanted.size_bytes,
        ttl_s=settings.upload_url_ttl_s,
    )
    return Upload(
        input_file=input_file,
        url=put.url,
        headers=put.headers,
        expires_at=datetime.fromtimestamp(now_s + settings.upload_url_ttl_s, UTC),
    )


@router.get(
    "/jobs",
    operation_id="find_job",
    tags=["jobs"],
    summary="Find the job of an input file",
    responses=responses(UploadNotFoundError, AwsUnavailableError),
)
async def find_job(input_file: InputFile, caller: Calling, opened: Opened) -> Job:
    """Get the newest job of a file; before there is one, its status is AWAITING_UPLOAD and its id null."""
    now_s = int(time.time())
    lookup = await opened.lookups.get(input_file, now_s=now_s)
    if lookup is None or not may_see(caller, lookup):
        raise UploadNotFoundError
    if lookup.job_id is None:
        return presenting.awaited(lookup)
    return _present(await _job(lookup.job_id, caller, opened), opened)


@router.get(
    "/jobs/{job_id}",
    operation_id="get_job",
    tags=["jobs"],
    summary="Get a job",
    responses=responses(JobNotFoundError, AwsUnavailableError),
)
async def get_job(job_id: JobId, caller: Calling, opened: Opened) -> Job:
    """Get everything there is to show of a job."""
    return _present(await _job(job_id, caller, opened), opened)


@router.get(
    "/jobs/{job_id}/progress",
    operation_id="get_progress",
    tags=["jobs"],
    summary="Get a job's progress",
    response_model=Progress,
    responses={304: {"description": "Nothing has changed."}, **responses(JobNotFoundError, AwsUnavailableError)},
)
async def get_progress(
    job_id: JobId, caller: Calling, opened: Opened, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Get status and percentage, cheap enough to ask often: send the last ETag, and get 304 while it holds."""
    job = await _job(job_id, caller, opened)
    etag = _etag(job)
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if if_none_match is not None and etag in {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    progress = presenting.progress_of(job, now_ms=int(time.time() * 1000))
    return JSONResponse(progress.model_dump(mode="json"), headers=headers)


@router.get("/healthz", operation_id="healthz", tags=["health"], summary="Is the process alive?")
async def healthz() -> Health:
    """Answer, whatever AWS does."""
    return Health()


@router.get(
    "/readyz",
    operation_id="readyz",
    tags=["health"],
    summary="Can it reach its tables and bucket?",
    responses=responses(AwsUnavailableError),
)
async def readyz(opened: Opened) -> Health:
    """Answer 200 if the tables and the bucket can be reached, 503 otherwise."""
    await opened.check()
    return Health()


async def _job(job_id: str, caller: Caller, opened: Resources) -> rule.Job:
    job = await opened.statuses.get(job_id, now_s=int(time.time()))
    if job is None or not may_see(caller, job):
        raise JobNotFoundError
    return job


def _present(job: rule.Job, opened: Resources) -> Job:
    now_ms = int(time.time() * 1000)
    return presenting.job_of(job, now_ms=now_ms, playback_base_url=opened.settings.playback_base_url)


def _etag(job: rule.Job) -> str:
    """Return a tag that changes with the job, not with the clock: the estimate counts down without it."""
    state = f"{job.job_id} {job.status} {job.progress_percent} {job.phase} {job.event_time_ms} {job.updated_s}"
    return f'"{hashlib.sha256(state.encode()).hexdigest()[:16]}"'
