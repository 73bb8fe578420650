"""The wait of a submitter before each call to MediaConvert. worker/submission/pace.py decides its length."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from worker.submission.pace import Pace


class StartedCalls:
    """The number of calls that a submitter has started."""

    def __init__(self) -> None:
        self.count = 0
        self._next = asyncio.Event()

    def record(self) -> None:
        """Count a call that starts now."""
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def reach(self, count: int) -> None:
        """Wait until so many calls have started."""
        while self.count < count:
            await self._next.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacer:
    """The pace, with a clock in seconds that never goes back."""

    pace: Pace
    clock: Callable[[], float] = time.monotonic
    calls: StartedCalls = field(default_factory=StartedCalls)

    async def wait(self) -> float:
        """Wait until the next call may start, and return the time of its start."""
        now_s = self.clock()
        start_s = self.pace.reserve(now_s=now_s)
        if start_s > now_s:
            await asyncio.sleep(start_s - now_s)
        self.calls.record()
        return start_s

    def retry_delay_s(self) -> int | None:
        """Return the delay of an upload that was throttled now; None for the retry rule's own."""
        return self.pace.retry_delay_s(now_s=self.clock())

    def record(self, *, started_s: float, is_throttled: bool) -> None:
        """Record the result of the call."""
        if is_throttled:
            self.pace.record_throttled(started_s=started_s, now_s=self.clock())
        else:
            self.pace.record_success(now_s=self.clock())
