"""The API as a Lambda function: one event loop and one set of AWS clients for the container's life.

Mangum would open and close the clients around every invocation. This module opens them once, on the event loop on which
Mangum then runs each request. It never closes them: Lambda freezes a container, and ends it without notice. Mangum
understands API Gateway's REST (v1) and HTTP (v2) events, function URLs and load balancers. It buffers whole responses,
so there are no streams.
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
from transcode.job_view import JobView
from transcode.snapstart import after_restore, is_snapshotted

TEXT_TYPES = ["text/", "application/json", "application/problem+json", "application/javascript"]


class LambdaApp:
    """The handler of invocations. It may only be called on the thread that created it, because of its event loop."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)  # Mangum gets its loop from here
        app = create_app(settings, on_lambda=True)
        self._exit_stack = AsyncExitStack()
        self._loop.run_until_complete(self._exit_stack.enter_async_context(app.router.lifespan_context(app)))
        mounted: Any = _mounted(app, settings.api_base_path.rstrip("/"))  # Mangum has a type of its own for apps
        self._mangum = Mangum(mounted, lifespan="off", text_mime_types=TEXT_TYPES)
        self._state = app.state
        if is_snapshotted():
            JobView.model_rebuild()  # a copy needs it for nearly every first request
        after_restore(self._read_secrets)

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Return the response to a request, in the form that the event's sender expects."""
        try:
            return self._mangum(event, context)
        finally:
            telemetry.flush()

    def _read_secrets(self) -> None:
        self._state.resources = self._loop.run_until_complete(self._state.resources.with_secrets())

    def close(self) -> None:
        """Close the app's resources. Lambda never calls this; tests do."""
        self._loop.run_until_complete(self._exit_stack.aclose())
        self._loop.close()
        asyncio.set_event_loop(None)


def _mounted(app: ASGIApp, base_path: str) -> ASGIApp:
    """Return the app, mounted at `base_path`. Paths may lack it: REST APIs leave out a stage's name."""

    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        full_path = path if path.startswith(f"{base_path}/") else base_path + path
        await app({**scope, "path": full_path, "root_path": base_path}, receive, send)

    return mounted if base_path else app
