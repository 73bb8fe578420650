"""Headers that protect browsers, on every response that doesn't set its own.

Plain ASGI, so that a stream of events passes through unbuffered.
"""

from collections.abc import Mapping, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import path_of

DOCUMENTATION_PATHS = ("/docs", "/redoc")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""For JSON responses, which are for one caller and not for display as a page."""
DOCUMENTATION_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; connect-src 'self'; frame-ancestors 'none'; worker-src blob:; "
        "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
    ),
}
"""For the documentation pages, which run an inline script, and Swagger UI or ReDoc from this server."""

RawHeaders = Sequence[tuple[bytes, bytes]]


def _raw(headers: Mapping[str, str]) -> RawHeaders:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_HEADERS, _DOCUMENTATION_HEADERS = _raw(HEADERS), _raw(DOCUMENTATION_HEADERS)


class SecurityHeaders:
    """The application, with the headers added to its responses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to the response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_documentation = path_of(scope).startswith(DOCUMENTATION_PATHS)
        await self._app(scope, receive, _adding(_DOCUMENTATION_HEADERS if is_documentation else _HEADERS, send))


def _adding(headers: RawHeaders, send: Send) -> Send:
    async def _send(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *[each for each in headers if each[0] not in present]]
        await send(message)

    return _send
