"""Sends job events to their receiver, in order unless the chaos settings say otherwise."""

import asyncio
from contextlib import suppress
from random import Random

import structlog

from mediaconvert_emulator.chaos import Chaos, CreateJobFailures, delivery_delays_s
from mediaconvert_emulator.event_sinks import SEND_ERRORS, EventSink
from mediaconvert_emulator.events import JobEvent

BATCH_SIZE = 10
ATTEMPTS = 8
FIRST_RETRY_DELAY_S = 0.2
MAX_RETRY_DELAY_S = 5.0

log = structlog.get_logger(__name__)


class Publisher:
    """A queue of events, and one task that sends them."""

    def __init__(self, sink: EventSink, *, chaos: Chaos) -> None:
        self._sink = sink
        self._queue: asyncio.Queue[JobEvent] = asyncio.Queue()
        self._sender: asyncio.Task[None] | None = None
        self.set_chaos(chaos)

    @property
    def chaos(self) -> Chaos:
        """The current chaos settings; each failed CreateJob request decrements their count."""
        return self._chaos

    def set_chaos(self, chaos: Chaos) -> None:
        """Replace the chaos settings, and seed the random numbers again."""
        self._chaos = chaos
        self._random = Random(chaos.seed)  # noqa: S311 (not for secrets)

    def take_create_job_failure(self) -> int | None:
        """Return the HTTP status with which the current CreateJob request must fail, or None; decrement the count."""
        failures = self._chaos.fail_create_job
        if failures.count == 0:
            return None
        remaining = CreateJobFailures(count=failures.count - 1, status=failures.status)
        self._chaos = self._chaos.model_copy(update={"fail_create_job": remaining})
        return failures.status

    def publish(self, event: JobEvent) -> None:
        """Queue `event` for sending, after the delays of the chaos settings."""
        delays_s = delivery_delays_s(self._chaos, self._random, is_final=event.is_final)
        if not delays_s:
            log.info("event.dropped", job_id=event.job_id, status=event.status)
        for delay_s in delays_s:
            if delay_s > 0:
                asyncio.get_running_loop().call_later(delay_s, self._queue.put_nowait, event)
            else:
                self._queue.put_nowait(event)

    def start(self) -> None:
        """Start the task that sends the events."""
        self._sender = asyncio.create_task(self._send_all(), name="mediaconvert-publisher")

    async def stop(self, *, within_s: float) -> None:
        """Send the queued events for at most `within_s`, then stop. Events that chaos still delays are lost."""
        if self._sender is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), within_s)
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)

    async def _send_all(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < BATCH_SIZE and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._send(batch)
            except Exception:
                log.exception("events.lost", count=len(batch))
            finally:
                for _ in batch:
                    self._queue.task_done()

    async def _send(self, batch: list[JobEvent]) -> None:
        """Send the batch, and retry the events that fail. A retry may duplicate an event, as EventBridge may too."""
        for attempt in range(ATTEMPTS):
            try:
                batch = await self._sink.send(batch)
            except SEND_ERRORS as error:
                if attempt == ATTEMPTS - 1:
                    raise
                log.warning("events.failed", count=len(batch), error=type(error).__name__)
            else:
                if not batch:
                    return
                log.warning("events.refused", count=len(batch))
            await asyncio.sleep(min(MAX_RETRY_DELAY_S, FIRST_RETRY_DELAY_S * 2**attempt))
        log.error("events.lost", job_ids=[event.job_id for event in batch])
