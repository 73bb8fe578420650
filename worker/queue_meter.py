"""The measurement of the queues, from which the service computes the places of waiting files.

One worker in turn measures. If SQS, MediaConvert or DynamoDB doesn't respond, the last sample grows stale, and the
places are unknown until the next one.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog

from transcode.queue_figures import Measurement
from transcode.queue_table import QueueTable
from worker.key_table import KeyTable
from worker.submission.mediaconvert import MediaConvertJobs
from worker.turns import Turns
from worker.waiting_messages import WaitingMessages

INTERVAL_S = 30
"""Seconds between two samples."""
TURN_NAME = "queue-figures"
TIMEOUT_S = 5
"""Seconds for a measurement, so that it doesn't delay a function that AWS charges for."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMeter:
    """Takes samples. `clock` returns Unix seconds."""

    messages: WaitingMessages
    mediaconvert: MediaConvertJobs
    table: QueueTable
    key_table: KeyTable
    clock: Callable[[], float]

    @property
    def turns(self) -> Turns:
        """The turns of all workers."""
        return Turns(
            name=TURN_NAME,
            interval_s=INTERVAL_S,
            key_table=self.key_table,
            work=self.measure,
            log_failure=_log_failure,
        )

    async def measure(self) -> None:
        """Add a sample to the figures; none if SQS doesn't return all numbers, because the places would be wrong.

        Raises:
            Exception: SQS, MediaConvert or DynamoDB doesn't respond, or throttles.
        """
        async with asyncio.timeout(TIMEOUT_S):
            now_s = int(self.clock())
            figures, created, waiting, counts = await asyncio.gather(
                self.table.figures(now_s=now_s, is_consistent=True),
                self.table.created(),
                self.messages.count(),
                self.mediaconvert.queue_counts(),
            )
            if waiting is None:
                log.warning("queue.unmeasured", reason="SQS did not return all numbers of messages")
                return
            measured = Measurement(time_s=now_s, created=created, waiting=waiting, submitted=counts.submitted)
            await self.table.store(figures.with_measurement(measured))


@contextlib.asynccontextmanager
async def measure_periodically(meter: QueueMeter) -> AsyncIterator[None]:
    """Measure once per INTERVAL_S, in only one of all workers at a time, until the context ends."""
    task = asyncio.create_task(meter.turns.take_repeatedly(), name="measure queues")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class OccasionalMeter:
    """The meter of a Lambda function, which measures after an invocation: while files wait, there are invocations.

    The first invocation measures nothing, because a cold start would then open the clients of three more services.
    """

    def __init__(self, meter: QueueMeter, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds that never go back."""
        self._turns = meter.turns
        self._now_s = meter.clock
        self._clock = clock
        self._next_s = clock()
        self._is_first = True

    async def measure_if_due(self) -> None:
        """Measure if neither this function nor a worker has measured for INTERVAL_S. Raises no exception."""
        is_first, self._is_first = self._is_first, False
        if is_first or self._clock() < self._next_s:
            return
        self._next_s = self._clock() + INTERVAL_S
        try:
            await self._turns.take(now_s=self._now_s())
        except Exception as error:  # noqa: BLE001 -- the outer level: the messages are handled all the same
            _log_failure(error)


def _log_failure(error: Exception) -> None:
    log.warning("queue.unmeasured", reason=type(error).__name__)
