"""Responses to requests that the application never gets, in the API's one shape (`service/problem_details.py`)."""

import json

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from service.problem_details import MEDIA_TYPE, problem_details
from service.request_errors import TooManyConnectionsError
from transcode.errors import TranscodeError


def refusal_bytes(error: type[TranscodeError], default_headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the whole response with this error, which ends its connection."""
    lines = [b"%s: %s\r\n" % header for header in (*default_headers, *_headers(error))]
    return b"".join([STATUS_LINE[error.http_status], *lines, b"\r\n", _content(error)])


async def too_many_connections(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Respond that there are too many connections; an ASGI application."""
    error = TooManyConnectionsError
    headers = [*_headers(error), (b"retry-after", b"5")]
    await send({"type": "http.response.start", "status": error.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": _content(error)})


def _content(error: type[TranscodeError]) -> bytes:
    return json.dumps(problem_details(status=error.http_status, code=error.code, detail=str(error()))).encode()


def _headers(error: type[TranscodeError]) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(_content(error))),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
