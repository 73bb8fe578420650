"""What a Lambda function's container keeps between its invocations: one event loop, and AWS clients opened on it.

They are never closed: Lambda freezes a container, and ends it without a word.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from transcode import telemetry
from transcode.aws import Aws, open_aws
from worker.settings import WorkerSettings

T = TypeVar("T")


class LambdaRuntime:
    """The loop and the clients, for the container's life. Belongs to the thread that made it, as its loop does."""

    aws: Aws

    def __init__(self, settings: WorkerSettings) -> None:
        self._opened = AsyncExitStack()
        self._runner = asyncio.Runner()
        opening = open_aws(region=settings.aws_region, endpoint_url=settings.aws_endpoint_url)
        self.aws = self._runner.run(self._opened.enter_async_context(opening))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the work returns, having sent what telemetry gathered: Lambda may freeze the container next."""
        try:
            return self._runner.run(work)
        finally:
            telemetry.flush()
