"""A log line for each request that changes something, fails or is slow, and a request id that all its log lines share.

A caller, or a proxy in front of the service, may send the id in X-Request-Id; every response has it. Successful reads
that take less than a second are frequent and uninteresting, so they are logged at DEBUG. Plain ASGI, so that streams
pass through unbuffered.
"""

import logging
import random
import re
import time
from functools import partial
from urllib.parse import parse_qs

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from service.api.problems import REQUEST_ID_HEADER, path_of
from service.live.event_stream import OPENED_STREAMS
from transcode.correlation import REQUEST_ID, upload_of

HEADER = REQUEST_ID_HEADER.lower().encode()
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SLOW_MS = 1_000
MAX_PATH_CHARS = 300
JOB_PATH = re.compile(r"/jobs/([A-Za-z0-9-]{1,100})(?:/|$)")

log = structlog.get_logger(__name__)
stdlib_logger = logging.getLogger(__name__)
"""The standard library's logger of the same name: its level says whether DEBUG lines are wanted."""


class RequestLog:
    """The application, with request ids and a request log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and log its result."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s, status, request_id = time.perf_counter(), 500, _request_id(scope)
        bind_contextvars(request_id=request_id)  # each request has its own task, and so its own context
        header = (HEADER, request_id.encode())

        async def _send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                others = (each for each in message.get("headers", ()) if each[0] != HEADER)
                message["headers"] = [*others, header]
            await send(message)

        try:
            await self._app(scope, receive, _send)
        finally:
            if not (opened := scope.get(OPENED_STREAMS)):
                _log_request(scope, status=status, started_s=started_s)
            elif stdlib_logger.isEnabledFor(logging.DEBUG):
                opened[0].at_end = partial(_log_request, dict(scope), status=status, started_s=started_s)


def log_upload_event(event: str, input_file: str, **fields: object) -> None:
    """Log what a request does to an upload, and add the upload's id to the request's further log lines."""
    bind_contextvars(upload=upload_of(input_file))
    log.info(event, input_file=input_file, **fields)


def _request_id(scope: Scope) -> str:
    """Return the id from the request's header, else the id that API Gateway's own log has, else a new id."""
    request_id = next((value.decode("latin-1") for name, value in scope["headers"] if name == HEADER), None)
    if request_id is None and "aws.event" in scope:
        request_id = scope["aws.event"].get("requestContext", {}).get("requestId")
    if isinstance(request_id, str) and REQUEST_ID.fullmatch(request_id):
        return request_id
    return f"{random.getrandbits(128):032x}"  # an id is no secret, and secure randomness would cost a system call


def _log_request(scope: Scope, *, status: int, started_s: float) -> None:
    duration_ms = round((time.perf_counter() - started_s) * 1000)
    path, query = path_of(scope), scope.get("query_string", b"")
    is_held = path == "/events" or b"wait_s=" in query
    is_success = status < 400  # noqa: PLR2004 -- HTTP's classes
    is_routine = scope["method"] in SAFE_METHODS and is_success and (is_held or duration_ms < SLOW_MS)
    if is_routine and not stdlib_logger.isEnabledFor(logging.DEBUG):
        return
    log_at_level = log.debug if is_routine else log.warning if status >= 500 else log.info  # noqa: PLR2004
    log_at_level(
        "request.answered",
        method=scope["method"],
        path=path[:MAX_PATH_CHARS],
        status=status,
        duration_ms=duration_ms,
        is_held=is_held,
        **_resource_ids(path, query),
    )


def _resource_ids(path: str, query: bytes) -> dict[str, str]:
    """Return the ids of the job and the upload that the request's path and query name."""
    ids: dict[str, str] = {}
    if job := JOB_PATH.match(path):
        ids["job_id"] = job[1]
    if b"input_file=" in query or b"key=" in query:
        parameters = parse_qs(query.decode("latin-1"))
        files = [*parameters.get("input_file", ()), *parameters.get("key", ())]
        if len(files) == 1:
            ids["upload"] = upload_of(files[0])
    return ids
