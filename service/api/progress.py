"""The routes for watching: progress, held until it changes, and streams of everything that changes."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from service.access.caller import Caller, may_see
from service.api.dependencies import AppResources, CurrentCaller, JobId
from service.api.problems import responses
from service.live.event_stream import ProgressStream, ending
from service.live.hub import Snapshot
from service.resources import Resources
from service.views.examples import EVENT_STREAM
from service.views.followed import MOST_FOLLOWED, FileKey, Followed, JobKey, Key, finished, known_tags
from transcode.errors import (
    AwsUnavailableError,
    FollowedNotFoundError,
    JobNotFoundError,
    StreamingUnavailableError,
    TranscodeError,
)
from transcode.job_view import EXAMPLE_FILE, EXAMPLE_JOB, ProgressView, progress_view

LONGEST_WAIT_S = 20

router = APIRouter()

InputFiles = Annotated[
    list[Annotated[str, Query(min_length=1, max_length=1024)]],
    Query(max_length=MOST_FOLLOWED, description="Keys that `POST /uploads` gave.", examples=[[EXAMPLE_FILE]]),
]
JobIds = Annotated[
    list[Annotated[str, Query(pattern=r"^[A-Za-z0-9-]{1,100}$")]],
    Query(max_length=MOST_FOLLOWED, description="Ids of jobs.", examples=[[EXAMPLE_JOB]]),
]


@router.get(
    "/jobs/{job_id}/progress",
    operation_id="get_progress",
    tags=["jobs"],
    summary="Get a job's progress",
    response_model=ProgressView,
    responses={
        200: {"headers": {"ETag": {"description": "For If-None-Match.", "schema": {"type": "string"}}}},
        304: {"description": "Nothing has changed."},
        **responses(JobNotFoundError, AwsUnavailableError),
    },
)
async def get_progress(
    job_id: JobId,
    request: Request,
    caller: CurrentCaller,
    resources: AppResources,
    if_none_match: Annotated[str | None, Header(description="The `ETag` of the last answer.")] = None,
    wait_s: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S, description="Seconds to wait for a change.")] = 0,
) -> Response:
    """Get status and percentage, cheap enough to ask often.

    Send the last answer's `ETag` as `If-None-Match`, and get 304 while it holds. With `wait_s` the answer comes as
    soon as there is something new, or as 304 once the time is over; so a loop of such requests follows a job without
    a stream.
    """
    known = {each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")} - {""}
    if wait_s and known:
        followed = await _changed(
            JobKey(job_id), known, request=request, caller=caller, resources=resources, wait_s=wait_s
        )
    else:
        followed = await resources.reader.follow(JobKey(job_id))
        _permit(caller, followed)
    progress = _progress(followed)
    etag = _etag(progress)
    headers = {"ETag": f"W/{etag}", "Cache-Control": "no-cache"}
    if etag in known:
        return Response(status_code=304, headers=headers)
    return JSONResponse(progress.model_dump(mode="json"), headers=headers)


@router.get(
    "/events",
    operation_id="watch_events",
    tags=["jobs"],
    summary="Follow files and jobs",
    response_class=ProgressStream,
    status_code=200,
    responses={
        200: {
            "description": "Events until all is final.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EVENT_STREAM}},
        },
        204: {"description": "The client knows all there is to know, and need not come back."},
        **responses(FollowedNotFoundError, StreamingUnavailableError, AwsUnavailableError),
    },
)
async def watch_events(
    request: Request,
    caller: CurrentCaller,
    resources: AppResources,
    input_file: InputFiles = [],  # noqa: B006 -- FastAPI copies it
    job_id: JobIds = [],  # noqa: B006
    last_event_id: Annotated[str | None, Header(description="Sent by browsers that come back.")] = None,
) -> Response:
    """Get every change of up to fifty files and jobs on one connection, as Server-Sent Events.

    Each `progress` event carries a whole `Job`; the first ones tell how things stand. A file is followed from
    AWAITING_UPLOAD over the making of its job to the end of it. The stream ends when all are final, and at the latest
    after an hour. A client that comes back with `Last-Event-ID`, as `EventSource` does by itself, gets what it missed
    and nothing else, and 204, which ends its attempts, once it knows all there is to know.

    `EventSource` sends no `Authorization` header: where a token is needed, read the stream with `fetch`.
    """
    if not request.app.state.can_stream:
        raise StreamingUnavailableError
    keys: list[Key] = list(dict.fromkeys([*map(FileKey, input_file), *map(JobKey, job_id)]))
    if not 1 <= len(keys) <= MOST_FOLLOWED:
        raise _wrong_number()
    known = known_tags(last_event_id)
    told = finished(keys, known)
    snapshots = await _look([key for key in keys if key not in told], caller=caller, resources=resources)
    told |= {each.key: each.tag for each in snapshots if each.tag in known}
    if len(told) == len(keys) and all(each.followed.is_final for each in snapshots):
        return Response(status_code=204)
    return ProgressStream(resources.hub, snapshots, told=told, heartbeat_s=resources.settings.heartbeat_s)


async def _changed(
    key: Key, known: set[str], *, request: Request, caller: Caller, resources: Resources, wait_s: float
) -> Followed:
    """Return the first state that shows something unknown, or the last one at the end of the time."""
    snapshot = await resources.hub.look(key)
    _permit(caller, snapshot.followed)
    with resources.hub.watch([snapshot]) as watcher:
        async with ending(watcher, request.receive):
            until_s = time.monotonic() + wait_s
            while _etag(_progress(snapshot.followed)) in known and not watcher.is_over:
                if not await watcher.wait(until_s - time.monotonic()):
                    break
                snapshot = next(iter(watcher.take()), snapshot)
    return snapshot.followed


async def _look(keys: Sequence[Key], *, caller: Caller, resources: Resources) -> Sequence[Snapshot]:
    """Return how the keys stand.

    Raises:
        FollowedNotFoundError: Some aren't there, or are another's; it says which.
    """
    looks = await asyncio.gather(*map(resources.hub.look, keys), return_exceptions=True)
    found: list[Snapshot] = []
    absent: list[Key] = []
    for key, look in zip(keys, looks, strict=True):
        match look:
            case Snapshot() if _may_see(caller, look.followed):
                found.append(look)
            case Snapshot() | TranscodeError(http_status=404):
                absent.append(key)
            case error:
                raise error
    if absent:
        raise FollowedNotFoundError(f"Not found: {', '.join(map(_named, absent))}.")
    return found


def _named(key: Key) -> str:
    return f"job {key.job_id}" if isinstance(key, JobKey) else f"upload {key.input_file}"


def _may_see(caller: Caller, followed: Followed) -> bool:
    return followed.owned is not None and may_see(caller, followed.owned)


def _permit(caller: Caller, followed: Followed) -> None:
    if not _may_see(caller, followed):
        raise JobNotFoundError


def _progress(followed: Followed) -> ProgressView:
    if followed.job is None:
        raise JobNotFoundError
    return progress_view(followed.job, now_ms=int(time.time() * 1000))


def _etag(progress: ProgressView) -> str:
    """Return a tag that changes with the job, not with the clock: the estimate counts down without it."""
    shown = progress.model_dump_json(exclude={"eta_s"})
    return f'"{hashlib.sha256(shown.encode()).hexdigest()[:16]}"'


def _wrong_number() -> RequestValidationError:
    message = f"Give input_file or job_id, 1 to {MOST_FOLLOWED} of them together"
    return RequestValidationError(
        [{"loc": ("query", name), "msg": message, "type": "wrong_number"} for name in ("input_file", "job_id")]
    )
