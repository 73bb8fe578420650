"""The routes that follow jobs: the progress of one job, with a long poll, and event streams of many."""

import asyncio
import contextlib
import hashlib
import random
from collections.abc import Collection, Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from service.access.caller import Caller, may_see
from service.api.dependencies import AppResources, CurrentCaller, JobId, caller_name
from service.api.problems import responses
from service.live.event_stream import EndOnDisconnect, OpenStream, ProgressStream
from service.live.limits import retry_after_s, stream_life_s, until_token_ends_s, wait_limit_s
from service.live.watcher import Snapshot
from service.request_errors import (
    StreamingUnavailableError,
    TooManyLongPollsError,
    TooManyLongPollsOfCallerError,
    TooManyStreamsError,
    TooManyStreamsOfCallerError,
)
from service.resources import Resources
from service.views.examples import EVENT_STREAM
from service.views.followed import MAX_FOLLOWED, FileKey, Followed, JobKey, Key, finished, known_tags
from transcode.errors import AwsUnavailableError, FollowedNotFoundError, JobNotFoundError, TranscodeError
from transcode.job_view import EXAMPLE_FILE, EXAMPLE_JOB, ProgressView, progress_view

MAX_WAIT_S = 20

router = APIRouter()

InputFiles = Annotated[
    list[Annotated[str, Query(min_length=1, max_length=1024)]],
    Query(max_length=MAX_FOLLOWED, description="Keys that `POST /uploads` returned.", examples=[[EXAMPLE_FILE]]),
]
JobIds = Annotated[
    list[Annotated[str, Query(pattern=r"^[A-Za-z0-9-]{1,100}$")]],
    Query(max_length=MAX_FOLLOWED, description="Ids of jobs.", examples=[[EXAMPLE_JOB]]),
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
        **responses(JobNotFoundError, AwsUnavailableError, TooManyLongPollsError, TooManyLongPollsOfCallerError),
    },
)
async def get_progress(
    job_id: JobId,
    request: Request,
    caller: CurrentCaller,
    resources: AppResources,
    if_none_match: Annotated[str | None, Header(description="The `ETag` of the last response.")] = None,
    wait_s: Annotated[float, Query(ge=0, le=MAX_WAIT_S, description="Seconds to wait for a change.")] = 0,
) -> Response:
    """Get status and percentage, in a response that is small enough to poll often.

    Send the last response's `ETag` as `If-None-Match` to get 304 while nothing has changed. With `wait_s`, the
    service responds as soon as something changes, or with 304 when the time is over. A loop of such requests follows a
    job without a stream.
    """
    known_etags = {each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")} - {""}
    wait_s = min(wait_s, resources.settings.max_wait_s)
    if wait_s and known_etags:
        followed = await _wait_for_change(
            JobKey(job_id), known_etags, request=request, caller=caller, resources=resources, wait_s=wait_s
        )
    else:
        followed = await resources.reader.follow(JobKey(job_id))
        _check_access(caller, followed)
    progress = _progress(followed, now_ms=resources.now_ms())
    etag = _etag(progress)
    headers = {"ETag": f"W/{etag}", "Cache-Control": "no-cache"}
    if etag in known_etags:
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
            "description": "Events until every file and job is final.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EVENT_STREAM}},
        },
        204: {"description": "The client already has every final state, and need not reconnect."},
        **responses(
            FollowedNotFoundError,
            StreamingUnavailableError,
            AwsUnavailableError,
            TooManyStreamsError,
            TooManyStreamsOfCallerError,
        ),
    },
)
async def watch_events(
    request: Request,
    caller: CurrentCaller,
    resources: AppResources,
    input_file: InputFiles = [],  # noqa: B006 -- FastAPI copies it
    job_id: JobIds = [],  # noqa: B006
    last_event_id: Annotated[str | None, Header(description="Browsers send it when they reconnect.")] = None,
) -> Response:
    """Get every change of up to fifty files and jobs on one connection, as Server-Sent Events.

    Each `progress` event carries a whole `Job`; the first events describe the current states. A file is followed from
    AWAITING_UPLOAD to the end of its job. The stream ends when all jobs are final, when the caller's token ends, and
    after 45 to 75 minutes. A client that reconnects with `Last-Event-ID`, as `EventSource` does automatically, gets
    only the changes that it missed. Once it has every final state, it gets 204, and `EventSource` stops reconnecting.

    `EventSource` sends no `Authorization` header: if the API requires a token, read the stream with `fetch`.
    """
    if not request.app.state.can_stream:
        raise StreamingUnavailableError
    keys: list[Key] = list(dict.fromkeys([*map(FileKey, input_file), *map(JobKey, job_id)]))
    if not 1 <= len(keys) <= MAX_FOLLOWED:
        raise _wrong_number()
    counted = caller_name(request, caller)
    _require_room_for_a_stream(resources, counted)
    known = known_tags(last_event_id)
    delivered = finished(keys, known)
    unfinished = [key for key in keys if key not in delivered]
    snapshots = await _snapshots(unfinished, known, caller=caller, resources=resources)
    delivered |= {each.key: each.tag for each in snapshots if each.tag in known}
    if len(delivered) == len(keys) and all(each.followed.is_final for each in snapshots):
        return Response(status_code=204)
    _require_room_for_a_stream(resources, counted)  # others may have taken it during the reads
    life_s = _until_token_ends_s(stream_life_s(random.random()), caller, resources)  # noqa: S311 -- spreads load
    return ProgressStream(
        lambda: OpenStream(
            snapshots,
            delivered=delivered,
            hub=resources.hub,
            heartbeats=resources.heartbeats,
            slots=resources.streams,
            caller=counted,
            life_s=life_s,
        )
    )


def _require_room_for_a_stream(resources: Resources, caller: str) -> None:
    if resources.streams.is_full_for(caller):
        raise TooManyStreamsOfCallerError(retry_after_s=retry_after_s(random.random()))  # noqa: S311 -- spreads load
    if resources.streams.is_full:
        raise TooManyStreamsError(retry_after_s=retry_after_s(random.random()))  # noqa: S311 -- spreads load


def _require_room_for_a_long_poll(resources: Resources, caller: str) -> None:
    if resources.long_polls.is_full_for(caller):
        raise TooManyLongPollsOfCallerError(retry_after_s=retry_after_s(random.random()))  # noqa: S311 -- spreads load
    if resources.long_polls.is_full:
        raise TooManyLongPollsError(retry_after_s=retry_after_s(random.random()))  # noqa: S311 -- spreads load


def _until_token_ends_s(seconds: float, caller: Caller, resources: Resources) -> float:
    return until_token_ends_s(seconds, now_s=resources.clock(), token_until_s=caller.until_s)


async def _wait_for_change(
    key: Key, known_etags: set[str], *, request: Request, caller: Caller, resources: Resources, wait_s: float
) -> Followed:
    """Return the first state whose ETag the client doesn't have, or the last state after `wait_s` seconds.

    Raises:
        TooManyLongPollsOfCallerError: This process holds as many long polls of this caller as it may.
        TooManyLongPollsError: This process holds as many long polls as it can.
    """

    def is_known(snapshot: Snapshot) -> bool:
        return _etag(_progress(snapshot.followed, now_ms=resources.now_ms())) in known_etags

    snapshot = await resources.hub.current(key, is_known=is_known)
    _check_access(caller, snapshot.followed)
    counted, polls = caller_name(request, caller), resources.long_polls
    _require_room_for_a_long_poll(resources, counted)
    wait_s = wait_limit_s(wait_s, held=polls.held, limit=polls.limit)
    if resources.poll_ledger is not None:
        wait_s = await resources.poll_ledger.wait_s(wait_s, now_s=resources.clock())
    wait_s = _until_token_ends_s(wait_s, caller, resources)
    with polls.take(counted), resources.hub.watch([snapshot]) as watcher:
        async with EndOnDisconnect(watcher, request.receive):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    while is_known(snapshot) and not watcher.is_over:
                        await watcher.wait()
                        snapshot = next(iter(watcher.take_pending()), snapshot)
    return snapshot.followed


async def _snapshots(
    keys: Sequence[Key], known: Collection[str], *, caller: Caller, resources: Resources
) -> Sequence[Snapshot]:
    """Return the current states of the files and jobs; a state whose tag is in `known` may be older.

    Raises:
        FollowedNotFoundError: Some don't exist, or belong to another caller; the error names them.
    """
    reads = [resources.hub.current(key, is_known=lambda snapshot: snapshot.tag in known) for key in keys]
    results = await asyncio.gather(*reads, return_exceptions=True)
    found: list[Snapshot] = []
    missing: list[Key] = []
    for key, result in zip(keys, results, strict=True):
        match result:
            case Snapshot() if _may_see(caller, result.followed):
                found.append(result)
            case Snapshot() | TranscodeError(http_status=404):
                missing.append(key)
            case error:
                raise error
    if missing:
        raise FollowedNotFoundError(f"Not found: {', '.join(map(_description, missing))}.")
    return found


def _description(key: Key) -> str:
    return f"job {key.job_id}" if isinstance(key, JobKey) else f"upload {key.input_file}"


def _may_see(caller: Caller, followed: Followed) -> bool:
    return followed.owner_record is not None and may_see(caller, followed.owner_record)


def _check_access(caller: Caller, followed: Followed) -> None:
    if not _may_see(caller, followed):
        raise JobNotFoundError


def _progress(followed: Followed, *, now_ms: int) -> ProgressView:
    if followed.job is None:
        raise JobNotFoundError
    return progress_view(followed.job, now_ms=now_ms)


def _etag(progress: ProgressView) -> str:
    """Return a tag that changes with the job and not with the clock: it ignores the estimate, which counts down."""
    content = progress.model_dump_json(exclude={"eta_s"})
    return f'"{hashlib.sha256(content.encode()).hexdigest()[:16]}"'


def _wrong_number() -> RequestValidationError:
    message = f"Give 1 to {MAX_FOLLOWED} values of input_file and job_id together"
    return RequestValidationError(
        [{"loc": ("query", name), "msg": message, "type": "wrong_number"} for name in ("input_file", "job_id")]
    )
