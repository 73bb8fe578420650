"""The gates before a queue: when a poller may receive messages, and how many. Pure modules decide; a gate waits."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from transcode.failures import is_transient
from worker.outcomes import Done, Outcome
from worker.queue import BATCH_SIZE
from worker.rest import Rest
from worker.slots import Slot
from worker.submission.hold_back import READ_AGAIN_S, HoldBack
from worker.submission.pace import Pace
from worker.submission.pacer import StartedCalls

MAX_WAIT_S = 20.0
"""Seconds that a gate waits at most: as long as a long poll, so that the health file shows that the poller lives."""

log = structlog.get_logger(__name__)


class Gate(Protocol):
    """The gate of one poller."""

    async def open(self, stop: asyncio.Event) -> int:
        """Return how many messages may be received now; 0 for none, after a wait."""

    def record(self, outcomes: Collection[Outcome]) -> None:
        """Record the outcomes of the received messages; none if no message came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestGate:
    """A gate that is closed while the queue's pollers rest. `clock` returns seconds that never go back."""

    rest: Rest
    limit: int = BATCH_SIZE
    """Messages that may be received at once, if nothing fails."""
    clock: Callable[[], float] = time.monotonic

    async def open(self, stop: asyncio.Event) -> int:
        """Wait for the end of the rest."""
        if remaining_s := self.rest.remaining_s(now_s=self.clock()):
            await pause(stop, min(MAX_WAIT_S, remaining_s))
            return 0
        return min(BATCH_SIZE, self.limit) if self.rest.is_trying else self.limit

    def record(self, outcomes: Collection[Outcome]) -> None:
        """Let the pollers rest if all messages failed."""
        self.rest.record(outcomes, now_s=self.clock())


@dataclass(slots=True, kw_only=True)
class SubmissionGate:
    """The gate of a submitter: it is closed without a slot, in a rest, and while MediaConvert's queue is long.

    `count_waiting` returns the number of jobs that wait in MediaConvert's queue.
    """

    slot: Slot
    rest: Rest
    pace: Pace
    hold_back: HoldBack
    calls: StartedCalls
    count_waiting: Callable[[], Awaitable[int]]
    clock: Callable[[], float] = time.monotonic
    _is_busy: bool = field(init=False, default=False)
    """True if the last receive returned messages. An idle submitter doesn't count MediaConvert's jobs."""
    _is_holding: bool = field(init=False, default=False)
    _in_hand: int = field(init=False, default=0)
    """Messages that are handled now."""

    async def open(self, stop: asyncio.Event) -> int:
        """Wait for the slot, for the end of the rest, and for room in MediaConvert's queue."""
        if not self.slot.is_held:
            await _first(stop.wait(), self.slot.wait(timeout_s=MAX_WAIT_S))
            return 0
        if remaining_s := self.rest.remaining_s(now_s=self.clock()):
            await pause(stop, min(MAX_WAIT_S, remaining_s))
            return 0
        if self.rest.is_trying and not await self._mediaconvert_responds():
            return 0
        wanted = 1 if self.rest.is_trying else self.pace.batch_size
        permitted = await self._permitted(wanted) if self._is_busy else wanted
        if not permitted:
            await pause(stop, READ_AGAIN_S)
        return permitted

    def record(self, outcomes: Collection[Outcome]) -> None:
        """Let the submitters rest if all messages failed, and count the created jobs."""
        self._is_busy = bool(outcomes)
        self.rest.record(outcomes, now_s=self.clock())
        self.hold_back.record_created(sum(isinstance(outcome, Done) for outcome in outcomes))

    async def started(self, messages: int, handling: "asyncio.Task[None]") -> None:
        """Wait until the calls for the received messages have started, or the messages are handled.

        The next messages may be received then: a slow call doesn't keep the next one from its start. If the last call
        that ended has failed, wait until all are handled. In an outage, fewer uploads are tried in vain then.
        """
        self._in_hand += messages
        handling.add_done_callback(lambda _: self._put_down(messages))
        started = asyncio.create_task(self.calls.reach(self.calls.count + messages))
        try:
            await asyncio.wait([handling, started], return_when=asyncio.FIRST_COMPLETED)
            if not self.pace.is_steady:
                await asyncio.wait([handling])
        finally:
            started.cancel()

    def _put_down(self, messages: int) -> None:
        self._in_hand -= messages

    async def _mediaconvert_responds(self) -> bool:
        """Return whether MediaConvert is available; if it isn't, the rest continues.

        An upload whose CreateJob failed needs a search before its next attempt, because the job may exist. So during an
        outage the submitter counts jobs instead of trying one upload after another.
        """
        try:
            waiting = await self.count_waiting()
        except Exception as error:  # noqa: BLE001 -- only an upload can show whether another defect passes
            if is_transient(error):
                self.rest.extend(now_s=self.clock())
                return False
            return True
        self.hold_back.record_read(waiting, now_s=self.clock())
        return True

    async def _permitted(self, wanted: int) -> int:
        if self.hold_back.must_read(now_s=self.clock()):
            waiting = None
            try:
                waiting = await self.count_waiting()
            except Exception as error:  # noqa: BLE001 -- without the count, nothing is held back
                log.warning("mediaconvert.uncounted", reason=type(error).__name__)
            self.hold_back.record_read(waiting, now_s=self.clock())
        permitted = self.hold_back.permitted(wanted, now_s=self.clock(), in_hand=self._in_hand)
        if not permitted and not self._is_holding:
            log.info("submission.held_back", limit=self.hold_back.limit)
        self._is_holding = not permitted
        return permitted


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so many seconds, or until `stop` is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _first(*waits: Awaitable[object]) -> None:
    """Wait until one of them ends, and cancel the others."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
