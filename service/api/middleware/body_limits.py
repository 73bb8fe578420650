"""What every request and every answer passes at the application's edge: a limit on bodies, and headers for browsers.

Plain ASGI, so that a stream of events passes through unbuffered.
"""

import re
from collections.abc import Mapping, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import path_of, problem
from transcode.errors import RequestTooLargeError

LARGEST_BODY_BYTES = 64 * 1024
LARGEST_PART_LIST_BYTES = 2 * 1024 * 1024
"""10,000 parts, each with its number and entity tag."""
PART_LIST_PATH = re.compile(r"/s3/multipart/[^/]+/complete")

DOCUMENTATION = ("/docs", "/redoc")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Said where the route says nothing else: JSON that is for the caller alone, and is no page."""
DOCUMENTATION_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; connect-src 'self'; frame-ancestors 'none'; worker-src blob:; "
        "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
    ),
}
"""The documentation pages: a script in the page, and Swagger UI or ReDoc from this very server."""

RawHeaders = Sequence[tuple[bytes, bytes]]


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    """Return headers as ASGI sends them, made once: every answer passes here."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_HEADERS, _DOCUMENTATION_HEADERS = _raw(HEADERS), _raw(DOCUMENTATION_HEADERS)


class Edge:
    """The application, with bodies limited and headers added."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is not too large; answer 413 otherwise."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = path_of(scope)
        most_bytes = LARGEST_PART_LIST_BYTES if PART_LIST_PATH.fullmatch(path) else LARGEST_BODY_BYTES
        send = _adding(_DOCUMENTATION_HEADERS if path.startswith(DOCUMENTATION) else _HEADERS, send)
        if _announced_bytes(scope) > most_bytes:
            refusal = problem(
                Request(scope), status=413, detail=str(RequestTooLargeError()), code=RequestTooLargeError.code
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, _limited(receive, most_bytes), send)


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _adding(headers: RawHeaders, send: Send) -> Send:
    async def _send(message: Message) -> None:
        if message["type"] == "http.response.start":
            said = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *[each for each in headers if each[0] not in said]]
        await send(message)

    return _send


def _limited(receive: Receive, most_bytes: int) -> Receive:
    """Count a body of unannounced length while it comes: FastAPI passes this exception on to our handler."""
    received_bytes = 0

    async def _receive() -> Message:
        nonlocal received_bytes
        message = await receive()
        received_bytes += len(message.get("body", b""))
        if received_bytes > most_bytes:
            raise HTTPException(RequestTooLargeError.http_status, str(RequestTooLargeError()))
        return message

    return _receive
