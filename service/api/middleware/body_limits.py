"""Limits on the length of each request body, and on the memory of all bodies that are arriving.

The application reads a whole body before it looks at the caller's token. So without the second limit, a few hundred
slow clients without a token could fill the memory.

Plain ASGI, so that a stream of events passes through unbuffered.
"""

import re
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import RETRY_AFTER_S, path_of, problem
from service.request_errors import RequestTooLargeError, TooManyBodiesError

MAX_BODY_BYTES = 64 * 1024
MAX_PART_LIST_BYTES = 2 * 1024 * 1024
"""Enough for 10,000 parts, each with its number and ETag."""
MAX_ARRIVING_BYTES = 32 * 1024 * 1024
"""Bytes of all bodies that a process holds at a time."""
PART_LIST_PATH = re.compile(r"/s3/multipart/[^/]+/complete")


class BodyLimits:
    """The application, with response 413 to each request whose body is too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._arriving_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond with 413 if Content-Length is over the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        max_bytes = MAX_PART_LIST_BYTES if PART_LIST_PATH.fullmatch(path_of(scope)) else MAX_BODY_BYTES
        if _content_length(scope) > max_bytes:
            response = problem(
                Request(scope), status=413, detail=str(RequestTooLargeError()), code=RequestTooLargeError.code
            )
            await response(scope, receive, send)
            return
        received_bytes = 0

        def count(length: int) -> None:
            nonlocal received_bytes
            received_bytes += length
            self._arriving_bytes += length
            if received_bytes > max_bytes:
                raise HTTPException(RequestTooLargeError.http_status, str(RequestTooLargeError()))
            if self._arriving_bytes > MAX_ARRIVING_BYTES:
                error = TooManyBodiesError()
                raise HTTPException(error.http_status, str(error), {"Retry-After": RETRY_AFTER_S})

        try:
            await self._app(scope, _counted(receive, count), send)
        finally:
            self._arriving_bytes -= received_bytes


def _content_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _counted(receive: Receive, count: Callable[[int], None]) -> Receive:
    """Return `receive` with a count of the received bytes, for bodies without Content-Length too.

    `count` raises an HTTPException, which FastAPI passes to the handler of `service.api.problems`.
    """

    async def _receive() -> Message:
        message = await receive()
        if body := message.get("body"):
            count(len(body))
        return message

    return _receive
