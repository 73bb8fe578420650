"""The API as a Lambda function: one event loop and one set of AWS clients, for the container's life.

Mangum would open and close them around every invocation. Here they are opened once, on the loop that Mangum then
runs each request on, and never closed: Lambda freezes a container, and ends it without a word. Mangum understands API
Gateway's REST (v1) and HTTP (v2) events, function URLs and load balancers; it sends answers whole, so there are no
streams.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from mangum import Mangum
from mangum.types import LambdaContext
from starlette.types import ASGIApp, Receive, Scope, Send

from service.app import create_app
from service.settings import ServiceSettings
from transcode import telemetry

TEXT_TYPES = ["text/", "application/json", "application/javascript"]


class LambdaApp:
    """Handles invocations. Belongs to the thread that made it, as its event loop does."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)  # where Mangum looks for it
        app = create_app(settings, can_stream=False)
        self._opened = AsyncExitStack()
        self._loop.run_until_complete(self._opened.enter_async_context(app.router.lifespan_context(app)))
        whole: Any = _under(settings.api_base_path.rstrip("/"), app)  # Mangum's type for an app is its own
        self._mangum = Mangum(whole, lifespan="off", text_mime_types=TEXT_TYPES)

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Return the answer to a request, in the form that the event's sender reads."""
        try:
            return self._mangum(event, context)
        finally:
            telemetry.flush()

    def close(self) -> None:
        """Close what was opened. Lambda never does; tests do."""
        self._loop.run_until_complete(self._opened.aclose())
        self._loop.close()
        asyncio.set_event_loop(None)


def _under(base_path: str, app: ASGIApp) -> ASGIApp:
    """Return the app for paths that begin with `base_path`; REST APIs leave a stage's name out of theirs."""

    async def under(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        whole = path if path.startswith(f"{base_path}/") else base_path + path
        await app({**scope, "path": whole, "root_path": base_path}, receive, send)

    return under if base_path else app
