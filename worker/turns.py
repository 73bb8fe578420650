"""Work that one worker in turn does for a whole deployment, once in an interval. A lease in the key table is the turn.

The worker that had the last turn tries again when it ends; the others a few times in an interval, in case it has
stopped.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from worker.key_table import KeyTable

LONGEST_GAP = 1.4
"""Intervals between the starts of two turns at most, as long as any worker runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """The turns of one kind of work. `log_failure` logs why a turn failed."""

    name: str
    interval_s: float
    key_table: KeyTable
    work: Callable[[], Awaitable[object]]
    log_failure: Callable[[Exception], None]

    async def take(self, *, now_s: float) -> bool:
        """Do the work if no worker had a turn within the interval; return whether this worker got the turn.

        Raises:
            Exception: The work failed, or the key table can't be reached.
        """
        until_ms = round((now_s + self.interval_s) * 1000)
        if not await self.key_table.acquire_lease(self.name, now_ms=int(now_s * 1000), until_ms=until_ms):
            return False
        await self.work()
        return True

    async def take_repeatedly(self) -> None:
        """Take turns until the task is canceled. A failure is logged, and the next turn tries again."""
        await asyncio.sleep(self.interval_s * random.uniform(0, 0.5))  # noqa: S311 -- spreads the workers of a deployment
        while True:
            started_s = time.time()
            wait_s = self.interval_s * random.uniform(0.2, LONGEST_GAP - 1)  # noqa: S311
            try:
                if await self.take(now_s=started_s):
                    wait_s = started_s + self.interval_s * random.uniform(1, 1.1) - time.time()  # noqa: S311
            except Exception as error:  # noqa: BLE001 -- the outer level of the loop: the next turn does the work
                self.log_failure(error)
            await asyncio.sleep(max(wait_s, 0))
