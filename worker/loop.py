"""The poll loop: long polls on the queues until the process should stop; then it finishes or releases the messages."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field

import structlog

from worker.deliveries import MessageHandler
from worker.exclusive_lock import ExclusiveLock
from worker.gates import Gate, RestGate, pause
from worker.health import HealthFile
from worker.outcomes import Message, Retry
from worker.queue import BATCH_SIZE, Queue
from worker.rest import Rest

FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 30.0
MAX_RELEASE_S = 3.0
"""Seconds in which a stopping worker records that it gave its messages back. Fargate soon kills it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poller:
    """A poller's queue, the handler of its messages, and the gate that says when it may receive them."""

    queue: Queue
    handler: MessageHandler
    gate: Gate = field(default_factory=lambda: RestGate(rest=Rest()))
    batches: int = 1
    """Batches that are handled at the same time, at most."""
    started: "Callable[[int, asyncio.Task[None]], Awaitable[None]] | None" = None
    """Waits until so many messages, which the task handles, let the poller receive the next ones. None to wait until
    they are handled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Runs the pollers: each makes one long poll after another, and passes each batch to its handler."""

    pollers: Sequence[Poller]
    stop_grace_s: float
    health_file: HealthFile
    lock: ExclusiveLock = field(default_factory=ExclusiveLock)

    async def run(self, stop: asyncio.Event) -> None:
        """Handle messages until `stop` is set, then return within about `stop_grace_s` seconds.

        Raises:
            Exception: The exception of a poller that ended because of an unexpected error.
        """
        pollers = [
            asyncio.create_task(self._poll(poller, stop), name=f"poll {poller.queue.name} {number}")
            for number, poller in enumerate(self.pollers)
        ]
        stopped = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([*pollers, stopped], return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await asyncio.wait(pollers, timeout=self.stop_grace_s)
        for poller in pollers:
            poller.cancel()
        await asyncio.gather(*pollers, stopped, return_exceptions=True)
        for task in done - {stopped}:
            task.result()  # only a poller that failed ends before `stop` is set; this raises its exception

    async def _poll(self, poller: Poller, stop: asyncio.Event) -> None:
        polling = _Polling(number=self.health_file.add_poller())
        async with asyncio.TaskGroup() as batches:
            for _ in range(poller.batches):
                batches.create_task(self._poll_in_turn(poller, polling, stop))

    async def _poll_in_turn(self, poller: Poller, polling: "_Polling", stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if await self._handle_next(poller, polling, stop):
                    self.health_file.record_poll(polling.number)
                    polling.pause_s = FIRST_PAUSE_S
            except Exception as error:  # noqa: BLE001 -- the outer level of the loop, which logs it
                await _pause_after_failure(poller, polling, stop, error)

    async def _handle_next(self, poller: Poller, polling: "_Polling", stop: asyncio.Event) -> bool:
        """Receive messages and handle them; return False if SQS didn't respond. Only one task receives at a time.

        Raises:
            Exception: SQS doesn't delete or hide the handled messages.
        """
        async with polling.turn:
            try:
                limit = 0 if stop.is_set() else await poller.gate.open(stop)
                messages = await _receive(poller.queue, stop, limit=limit) if limit else None
            except Exception as error:  # noqa: BLE001 -- the outer level of the loop, which logs it
                # In turn, so that no other task of this poller tries meanwhile.
                await _pause_after_failure(poller, polling, stop, error)
                return False
            if messages is None:
                return True
            if not messages or poller.started is None:
                await self._handle(poller, messages)
                return True
            handling = asyncio.create_task(self._handle(poller, messages))
            try:
                await poller.started(len(messages), handling)
            except asyncio.CancelledError:
                handling.cancel()  # it gives the messages back
                await asyncio.gather(handling, return_exceptions=True)
                raise
        await handling
        return True

    async def _handle(self, poller: Poller, messages: Sequence[Message]) -> None:
        if not messages:
            poller.gate.record([])
            return
        queue, unsettled = poller.queue, {message.message_id: message for message in messages}
        try:
            suspects = await self._handle_together(poller, messages, unsettled)
            for suspect in suspects:
                async with _kept_hidden(queue, list(unsettled.values())), self.lock.exclusive():
                    outcomes = await poller.handler.handle_alone(suspect)
                del unsettled[suspect.message_id]
                await queue.apply_outcomes([suspect], outcomes)
        except asyncio.CancelledError:
            await self._release(poller, list(unsettled.values()))
            raise

    async def _handle_together(
        self, poller: Poller, messages: Sequence[Message], unsettled: dict[str, Message]
    ) -> Sequence[Message]:
        """Handle the messages, and return those that must be handled alone, once all others are settled."""
        async with _kept_hidden(poller.queue, messages), self.lock.shared():
            screening = await poller.handler.screen(messages)
            outcomes = {**screening.outcomes, **await poller.handler.handle(screening.ready)}
        poller.gate.record(outcomes.values())
        for message_id in outcomes:
            del unsettled[message_id]
        settled = [message for message in messages if message.message_id in outcomes]
        await poller.queue.apply_outcomes(settled, outcomes)
        return screening.suspects

    async def _release(self, poller: Poller, messages: Sequence[Message]) -> None:
        """Give the messages back, because the time to stop is over. Another worker can receive them at once."""
        if not messages:
            return
        release = Retry(reason="the worker stops", delay_s=0)
        released = dict.fromkeys((message.message_id for message in messages), release)
        await poller.queue.apply_outcomes(messages, released)
        log.warning("messages.released", queue=poller.queue.name, count=len(messages))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MAX_RELEASE_S):
                await poller.handler.release(messages)


@dataclass(slots=True, kw_only=True)
class _Polling:
    """The state that the tasks of one poller have in common."""

    number: int
    """The number in the health file."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    pause_s: float = FIRST_PAUSE_S


async def _pause_after_failure(poller: Poller, polling: _Polling, stop: asyncio.Event, error: Exception) -> None:
    """Log that SQS itself doesn't respond, and wait; each pause is longer, until it responds."""
    pause_s, polling.pause_s = polling.pause_s, min(MAX_PAUSE_S, polling.pause_s * 2)
    log.error("queue.unreachable", queue=poller.queue.name, pause_s=pause_s, exc_info=error)
    await pause(stop, pause_s)


async def _receive(queue: Queue, stop: asyncio.Event, *, limit: int) -> Sequence[Message]:
    """Return up to `limit` messages, approximately: a full batch, and the backlog behind it if the limit is higher."""
    messages = await _receive_unless_stopped(stop, queue.receive(limit=limit))
    if limit > BATCH_SIZE and len(messages) == BATCH_SIZE:
        return [*messages, *await queue.receive_backlog()]
    return messages


async def _receive_unless_stopped(
    stop: asyncio.Event, receiving: Coroutine[object, object, Sequence[Message]]
) -> Sequence[Message]:
    """Return the received messages; none if `stop` is set first.

    If SQS delivers a message at the moment of the stop, it delivers it again after the visibility timeout.
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
    """Extend the messages' visibility timeout until the context ends. A failed extension is repeated sooner."""

    async def extend() -> None:
        pause_s = queue.visibility_timeout_s / 2
        while True:
            await asyncio.sleep(pause_s)
            try:
                await queue.extend_visibility(messages)
                pause_s = queue.visibility_timeout_s / 2
            except Exception as error:  # noqa: BLE001 -- the messages are handled all the same; at worst once more
                pause_s = queue.visibility_timeout_s / 8
                log.warning("messages.heartbeat_failed", queue=queue.name, count=len(messages), reason=str(error))

    heartbeat = asyncio.create_task(extend())
    try:
        yield
    finally:
        heartbeat.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await heartbeat
