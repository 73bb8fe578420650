"""Runs event streams after the request's routing, dependencies and other middleware have returned.

A stream lives for an hour, and a process has thousands. While it waits in the route's response, each of these layers
holds its frames, wrappers of `send` and the request's headers for the stream's whole life, and passes on every event
(bench row "streams"). Plain ASGI, and outside all other middleware.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from service.live.event_stream import OPENED_STREAMS, OpenStream

KEPT = ("type", "method", "path", "root_path")
"""The parts of the request that the server, and the log of an unexpected error, read at the end of a stream."""


class StreamRunner:
    """The application, with the streams that its responses have opened."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and then run the stream that it has opened, if any."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        opened: list[OpenStream] = []
        scope[OPENED_STREAMS] = opened
        try:
            await self._app(scope, receive, send)
            for stream in opened:
                _forget_request(scope)
                await stream.run(receive, send)
        finally:
            for stream in opened:
                stream.close()


def _forget_request(scope: Scope) -> None:
    """Empty the scope, which the server keeps until the response ends."""
    kept = {name: scope[name] for name in KEPT if name in scope}
    scope.clear()
    scope.update(kept, headers=())
