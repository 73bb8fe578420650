"""The routes: announce an upload, find its job, watch it."""

import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from service.access.caller import may_see
from service.api.dependencies import Beginning, Calling
from service.api.middleware.request_log import note
from service.api.problems import responses
from service.resources import Resources
from service.uploads.file_names import new_input_file
from service.views.bodies import EXAMPLE_FILE, EXAMPLE_JOB, Health, Job, Upload, UploadRequest
from service.views.followed import FileKey, Followed, JobKey, Key
from transcode.errors import (
    AwsUnavailableError,
    JobNotFoundError,
    TooManyUploadsError,
    UnsupportedTypeError,
    UploadNotFoundError,
    UploadTooLargeError,
)
from transcode.lookup import Lookup

router = APIRouter()


async def resources(request: Request) -> Resources:
    """Return what the app's lifespan opened. Async, because FastAPI sends plain functions through its thread pool."""
    return opened_by(request)


def opened_by(request: Request) -> Resources:
    """Return the same to a route that is asked so often that a dependency counts: an eighth of the app's own time."""
    opened: Resources = request.app.state.resources
    return opened


Opened = Annotated[Resources, Depends(resources)]
InputFile = Annotated[
    str,
    Query(min_length=1, max_length=1024, description="The key that `POST /uploads` gave.", examples=[EXAMPLE_FILE]),
]
JobId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,100}$", description="The job's id.", examples=[EXAMPLE_JOB])]


# The first to be compared with a request's path, because it is asked for most.
@router.get(
    "/jobs/{job_id}",
    operation_id="get_job",
    tags=["jobs"],
    summary="Get a job",
    response_model=Job,
    responses=responses(JobNotFoundError, AwsUnavailableError),
)
async def get_job(job_id: JobId, caller: Calling, request: Request) -> Response:
    """Get everything there is to show of a job.

    Where videos' keys are guarded, the answer about a COMPLETE job comes with the cookies that fetch its key, for a
    while: ask again before you play it again.
    """
    opened, key = opened_by(request), JobKey(job_id)
    followed = await opened.reader.follow(key)
    if followed.owned is None or not may_see(caller, followed.owned):
        raise JobNotFoundError
    return _answer(key, followed, opened)


@router.post(
    "/uploads",
    status_code=201,
    operation_id="create_upload",
    tags=["uploads"],
    summary="Announce an upload",
    responses=responses(UploadTooLargeError, UnsupportedTypeError, TooManyUploadsError, AwsUnavailableError),
)
async def create_upload(wanted: UploadRequest, caller: Beginning, opened: Opened) -> Upload:
    """Get a presigned PUT for one file. Its job is made by itself once the file is there."""
    settings = opened.settings
    settings.acceptance.check_type(wanted.content_type)
    settings.acceptance.check_size(wanted.size_bytes, in_parts=False)
    now_s = int(time.time())
    input_file = new_input_file(settings.upload_prefix, wanted.file_name)
    lookup = Lookup(input_file=input_file, file_name=wanted.file_name, owner=caller.owner)
    await opened.lookups.announce(lookup, now_s=now_s, good_for_s=settings.upload_url_ttl_s)
    note("upload.announced", input_file, by="put", content_type=wanted.content_type, size_bytes=wanted.size_bytes)
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
    response_model=Job,
    responses=responses(UploadNotFoundError, AwsUnavailableError),
)
async def find_job(input_file: InputFile, caller: Calling, request: Request) -> Response:
    """Get the newest job of a file; before there is one, its status is AWAITING_UPLOAD and its id null."""
    opened, key = opened_by(request), FileKey(input_file)
    followed = await opened.reader.follow(key)
    if followed.owned is None or not may_see(caller, followed.owned):
        raise UploadNotFoundError
    return _answer(key, followed, opened)


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


def _answer(key: Key, followed: Followed, opened: Resources) -> Response:
    """Return the job as JSON that is ready: FastAPI would check and serialize what we have just made, once a caller.

    Whoever gets it may see it, and so may play it: what playback asks for comes along.
    """
    now_ms = int(time.time() * 1000)
    response = Response(opened.answers.of(key, followed, now_ms=now_ms), media_type="application/json")
    if opened.cookies is not None:
        opened.cookies.set_on(response, followed.job, now_s=now_ms // 1000)
    return response
