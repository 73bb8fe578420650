"""The poll loop: long polls on both queues, until told to stop; then what is in hand is finished or released."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass

import structlog

from worker.batch import BatchHandler
from worker.health import Pulse
from worker.outcomes import Message, Retry
from worker.queue import BATCH_SIZE, Queue

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Polls the queues with `pollers` long polls each, and hands every batch on."""

    queues: Sequence[Queue]
    handler: BatchHandler
    pollers: int
    stop_grace_s: float
    pulse: Pulse

    async def run(self, stop: asyncio.Event) -> None:
        """Handle messages until `stop` is set, then return within `stop_grace_s` seconds or a little more."""
        pollers = [
            asyncio.create_task(self._poll(queue, stop), name=f"poll {queue.name} {number}")
            for queue in self.queues
            for number in range(self.pollers)
        ]
        stopped = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([*pollers, stopped], return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await asyncio.wait(pollers, timeout=self.stop_grace_s)
        for poller in pollers:
            poller.cancel()
        await asyncio.gather(*pollers, stopped, return_exceptions=True)
        for task in done - {stopped}:
            task.result()  # a poller that ended by itself has failed: raise what it raised

    async def _poll(self, queue: Queue, stop: asyncio.Event) -> None:
        pause_s = FIRST_PAUSE_S
        me = self.pulse.enter()
        while not stop.is_set():
            try:
                messages = await _unless(stop, queue.receive())
                if len(messages) == BATCH_SIZE:
                    messages = [*messages, *await queue.receive_more()]
                if messages:
                    await self._work(queue, messages)
                self.pulse.beat(me)
                pause_s = FIRST_PAUSE_S
            except Exception:
                # The queue itself doesn't answer: say so, and ask less and less often until it does.
                log.exception("queue.unreachable", queue=queue.name, pause_s=pause_s)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause_s)
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

    async def _work(self, queue: Queue, messages: Sequence[Message]) -> None:
        try:
            async with _kept_hidden(queue, messages):
                outcomes = await self.handler.handle(messages)
        except asyncio.CancelledError:
            # Out of time: let another worker have them now rather than after the visibility timeout.
            release = Retry(reason="the worker stops", delay_s=0)
            await queue.settle(messages, dict.fromkeys((message.message_id for message in messages), release))
            log.warning("messages.released", queue=queue.name, count=len(messages))
            raise
        await queue.settle(messages, outcomes)


async def _unless(stop: asyncio.Event, receiving: Coroutine[object, object, Sequence[Message]]) -> Sequence[Message]:
    """Return what was received; nothing if `stop` is set first.

    A message that SQS hands out in the very moment of the stop comes again after its visibility timeout.
    """
    receive = asyncio.create_task(receiving)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([receive, stopped], return_when=asyncio.FIRST_COMPLETED)
        return await receive if receive.done() else ()
    finally:
        receive.cancel()
        stopped.cancel()
        await asyncio.gather(receive, stopped, return_exceptions=True)


@contextlib.asynccontextmanager
async def _kept_hidden(queue: Queue, messages: Sequence[Message]) -> AsyncIterator[None]:
    """Extend the messages' visibility timeout for as long as they are being handled."""

    async def extend() -> None:
        while True:
            await asyncio.sleep(queue.visibility_timeout_s / 2)
            await queue.extend(messages)

    heartbeat = asyncio.create_task(extend())
    try:
        yield
    finally:
        heartbeat.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await heartbeat
