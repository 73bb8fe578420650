"""Sends job events to EventBridge, in order but for the chaos asked for."""

import asyncio
import json
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from mediaconvert_emulator.chaos import Chaos, FailRule, deliveries
from mediaconvert_emulator.events import DETAIL_TYPE, JobEvent

if TYPE_CHECKING:
    from types_aiobotocore_events.client import EventBridgeClient
    from types_aiobotocore_events.type_defs import PutEventsRequestEntryTypeDef

BATCH = 10
ATTEMPTS = 8
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0

log = structlog.get_logger(__name__)


class Publisher:
    """A queue of events and the one task that sends them."""

    def __init__(self, events: "EventBridgeClient", *, source: str, bus: str, chaos: Chaos) -> None:
        self._events = events
        self._source = source
        self._bus = bus
        self._waiting: asyncio.Queue[JobEvent] = asyncio.Queue()
        self._sender: asyncio.Task[None] | None = None
        self.set_chaos(chaos)

    @property
    def chaos(self) -> Chaos:
        """The chaos in force; its count of failing CreateJobs goes down with each."""
        return self._chaos

    def set_chaos(self, chaos: Chaos) -> None:
        """Disturb events from now on as `chaos` says, with new dice."""
        self._chaos = chaos
        self._dice = Random(chaos.seed)  # noqa: S311 (not for secrets)

    def take_failure(self) -> int | None:
        """The HTTP status with which this CreateJob is to fail, if it is; counts it."""
        rule = self._chaos.fail_create_job
        if rule.count == 0:
            return None
        left = FailRule(count=rule.count - 1, status=rule.status)
        self._chaos = self._chaos.model_copy(update={"fail_create_job": left})
        return rule.status

    def publish(self, event: JobEvent) -> None:
        """Send `event`, now or as the chaos says. Returns at once."""
        delays_s = deliveries(self._chaos, self._dice, is_final=event.is_final)
        if not delays_s:
            log.info("event.dropped", job_id=event.job_id, status=event.status)
        for delay_s in delays_s:
            if delay_s > 0:
                asyncio.get_running_loop().call_later(delay_s, self._waiting.put_nowait, event)
            else:
                self._waiting.put_nowait(event)

    def start(self) -> None:
        """Begin to send."""
        self._sender = asyncio.create_task(self._send_all(), name="mediaconvert-publisher")

    async def stop(self, *, within_s: float) -> None:
        """Send what is due, for so long at most, and stop. What chaos still holds back is lost."""
        if self._sender is None:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._waiting.join(), within_s)
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)

    async def _send_all(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                await self._send(batch)
            except Exception:
                log.exception("events.lost", count=len(batch))
            finally:
                for _ in batch:
                    self._waiting.task_done()

    async def _send(self, batch: list[JobEvent]) -> None:
        """Send the batch, again and again for those that fail. A copy sent twice is EventBridge's way too."""
        for attempt in range(ATTEMPTS):
            try:
                answer = await self._events.put_events(Entries=[self._entry(event) for event in batch])
            except (ClientError, BotoCoreError) as error:
                if attempt == ATTEMPTS - 1:
                    raise
                log.warning("events.failed", count=len(batch), error=type(error).__name__)
            else:
                results = zip(batch, answer["Entries"], strict=True)
                batch = [event for event, result in results if result.get("ErrorCode")]
                if not batch:
                    return
                log.warning("events.refused", count=len(batch))
            await asyncio.sleep(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt))
        log.error("events.lost", job_ids=[event.job_id for event in batch])

    def _entry(self, event: JobEvent) -> "PutEventsRequestEntryTypeDef":
        return {
            "Source": self._source,
            "DetailType": DETAIL_TYPE,
            "Resources": [event.job_arn],
            "Detail": json.dumps(event.detail),
            "EventBusName": self._bus,
        }
