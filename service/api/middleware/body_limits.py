"""A limit on the length of request bodies.

Plain ASGI, so that a stream of events passes through unbuffered.
"""

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import path_of, problem
from transcode.errors import RequestTooLargeError

MAX_BODY_BYTES = 64 * 1024
MAX_PART_LIST_BYTES = 2 * 1024 * 1024
"""Enough for 10,000 parts, each with its number and ETag."""
PART_LIST_PATH = re.compile(r"/s3/multipart/[^/]+/complete")


class BodyLimits:
    """The application, with response 413 to each request whose body is too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
        await self._app(scope, _limited(receive, max_bytes), send)


def _content_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _limited(receive: Receive, max_bytes: int) -> Receive:
    """Return `receive` with a count of the received bytes, for bodies without Content-Length.

    Over the limit it raises an HTTPException, which FastAPI passes to the handler of `service.api.problems`.
    """
    received_bytes = 0

    async def _receive() -> Message:
        nonlocal received_bytes
        message = await receive()
        received_bytes += len(message.get("body", b""))
        if received_bytes > max_bytes:
            raise HTTPException(RequestTooLargeError.http_status, str(RequestTooLargeError()))
        return message

    return _receive
