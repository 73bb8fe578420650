"""One line in the log for each request that is worth one, and an id that all its lines share.

A caller, or what stands before the service, may name the id in X-Request-Id; the answer always does. Good answers to
reads within a second are many and say nothing: they are logged at DEBUG. Plain ASGI, so that streams pass unbuffered.
"""

import logging
import random
import re
import time
from urllib.parse import parse_qs

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from service.api.problems import REQUEST_ID_HEADER, path_of
from transcode.correlation import REQUEST_ID, upload_of

HEADER = REQUEST_ID_HEADER.lower().encode()
READING = frozenset({"GET", "HEAD", "OPTIONS"})
SLOW_MS = 1_000
LONGEST_PATH = 300
JOB_PATH = re.compile(r"/jobs/([A-Za-z0-9-]{1,100})(?:/|$)")

log = structlog.get_logger(__name__)
threshold = logging.getLogger(__name__)


class RequestLog:
    """The application, with requests named and told of."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and say what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s, status, named = time.perf_counter(), 500, _request_id(scope)
        bind_contextvars(request_id=named)  # each request has a task, and so a context, of its own
        header = (HEADER, named.encode())

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
            _tell(scope, status=status, duration_ms=round((time.perf_counter() - started_s) * 1000))


def note(event: str, input_file: str, **fields: object) -> None:
    """Say what a request does about an upload, and let the request's further lines name the upload."""
    bind_contextvars(upload=upload_of(input_file))
    log.info(event, input_file=input_file, **fields)


def _request_id(scope: Scope) -> str:
    """Return the id that the request came with, else the one that API Gateway has in its own log, else a new one."""
    named = next((value.decode("latin-1") for name, value in scope["headers"] if name == HEADER), None)
    if named is None and "aws.event" in scope:
        named = scope["aws.event"].get("requestContext", {}).get("requestId")
    if isinstance(named, str) and REQUEST_ID.fullmatch(named):
        return named
    return f"{random.getrandbits(128):032x}"  # a name; a secret would cost a call of the kernel


def _tell(scope: Scope, *, status: int, duration_ms: int) -> None:
    path, query = path_of(scope), scope.get("query_string", b"")
    is_held = path == "/events" or b"wait_s=" in query
    is_routine = scope["method"] in READING and status < 400 and (is_held or duration_ms < SLOW_MS)  # noqa: PLR2004
    if is_routine and not threshold.isEnabledFor(logging.DEBUG):
        return
    tell = log.debug if is_routine else log.warning if status >= 500 else log.info  # noqa: PLR2004 -- HTTP's classes
    tell(
        "request.answered",
        method=scope["method"],
        path=path[:LONGEST_PATH],
        status=status,
        duration_ms=duration_ms,
        is_held=is_held,
        **_about(path, query),
    )


def _about(path: str, query: bytes) -> dict[str, str]:
    """Return the ids of what was asked for, where the address says them."""
    about: dict[str, str] = {}
    if job := JOB_PATH.match(path):
        about["job_id"] = job[1]
    if b"input_file=" in query or b"key=" in query:
        asked = parse_qs(query.decode("latin-1"))
        files = [*asked.get("input_file", ()), *asked.get("key", ())]
        if len(files) == 1:
            about["upload"] = upload_of(files[0])
    return about
