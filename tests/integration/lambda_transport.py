"""An HTTP client whose requests reach the API as invocations of a Lambda function."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx

from service.lambda_app import LambdaApp
from service.settings import ServiceSettings
from tests.integration.lambda_events import MakeEvent, parse_response


class LambdaTransport(httpx.AsyncBaseTransport):
    """Invokes the handler in its own thread, where its event loop is."""

    def __init__(self, app: LambdaApp, thread: ThreadPoolExecutor, make_event: MakeEvent) -> None:
        """`make_event` returns a request as a Lambda event."""
        self._app = app
        self._thread = thread
        self._make_event = make_event

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response of one invocation."""
        event = self._make_event(request.method, str(request.url), headers=request.headers, body=await request.aread())
        context: Any = SimpleNamespace(aws_request_id="test")
        status, headers, body = parse_response(
            await asyncio.get_running_loop().run_in_executor(self._thread, self._app, event, context)
        )
        return httpx.Response(status, headers=headers, content=body)


@asynccontextmanager
async def invoking(settings: ServiceSettings, make_event: MakeEvent) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the API as a Lambda function."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as thread:
        app = await loop.run_in_executor(thread, LambdaApp, settings)
        try:
            transport = LambdaTransport(app, thread, make_event)
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                yield client
        finally:
            await loop.run_in_executor(thread, app.close)
