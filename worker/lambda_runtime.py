"""The event loop and the AWS clients that a Lambda function keeps between its invocations.

They are never closed: Lambda freezes a container, and ends it without notice.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from transcode import telemetry
from transcode.aws import Aws
from transcode.startup import aws_of
from worker.settings import WorkerSettings

T = TypeVar("T")


class LambdaRuntime:
    """The loop and the clients, for the life of the function's container. Use it only in the thread that created it."""

    aws: Aws

    def __init__(self, settings: WorkerSettings) -> None:
        self._opened = AsyncExitStack()
        self._runner = asyncio.Runner()
        self.aws = self._runner.run(self._opened.enter_async_context(aws_of(settings, in_threads=True)))

    def open(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of the coroutine, without any call of AWS or of the telemetry's collector."""
        return self._runner.run(work)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of the coroutine, after sending the telemetry: Lambda may freeze the container next."""
        try:
            return self._runner.run(work)
        finally:
            telemetry.flush()
