"""The slots of submitters: as many in a whole deployment as SUBMITTERS says, whatever the number of workers.

A slot is a lease in the key table. Each worker tries to get each slot that it doesn't hold. A worker that stops gives
its slots back at once; the slot of a dead worker is taken over when its lease ends. A slot limits the pace and nothing
else: the claims make sure that an upload gets one job.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence

import structlog

from worker.key_table import KeyTable

log = structlog.get_logger(__name__)


class Slot:
    """One slot. `clock` returns Unix seconds."""

    def __init__(
        self, key_table: KeyTable, number: int, *, lease_s: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._key_table = key_table
        self._name = f"submitter-{number}"
        self._lease_s = lease_s
        self._clock = clock
        self._until_ms: int | None = None
        self._held = asyncio.Event()

    @property
    def is_held(self) -> bool:
        """True if this worker holds the slot."""
        return self._until_ms is not None and self._clock() * 1000 < self._until_ms

    async def wait(self, *, timeout_s: float) -> bool:
        """Wait until this worker holds the slot, and return whether it does."""
        if not self.is_held:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._held.wait(), timeout_s)
        return self.is_held

    async def keep(self) -> None:
        """Get the slot and keep it until the task is canceled; then give it back."""
        try:
            while True:
                with contextlib.suppress(Exception):  # the key table is unavailable: the lease may end meanwhile
                    await self.try_to_hold()
                if not self.is_held:
                    self._held.clear()
                await asyncio.sleep(self._lease_s / 3 * (1 if self.is_held else random.uniform(0.7, 1)))  # noqa: S311
        finally:
            await self.give_back()

    async def try_to_hold(self) -> None:
        """Get the slot, or extend its lease.

        Raises:
            Exception: The key table is unavailable.
        """
        now_ms = int(self._clock() * 1000)
        until_ms = now_ms + round(self._lease_s * 1000)
        if self._until_ms is not None:
            held = await self._key_table.renew_lease(self._name, until_ms=self._until_ms, new_until_ms=until_ms)
        else:
            held = await self._key_table.acquire_lease(self._name, now_ms=now_ms, until_ms=until_ms)
            if held:
                log.info("submitter.started", slot=self._name)
        self._until_ms = until_ms if held else None
        if held:
            self._held.set()

    async def give_back(self) -> None:
        """End the lease, so that another worker can get the slot at once. Raises no exception."""
        until_ms, self._until_ms = self._until_ms, None
        self._held.clear()
        if until_ms is not None:
            with contextlib.suppress(Exception):  # the lease ends by itself
                await self._key_table.release_lease(self._name, until_ms=until_ms)
            log.info("submitter.stopped", slot=self._name)


@contextlib.asynccontextmanager
async def kept(slots: Sequence[Slot], stop: asyncio.Event) -> AsyncIterator[None]:
    """Keep the slots until `stop` is set or the context ends."""

    async def give_back_at_stop() -> None:
        await stop.wait()
        for task in tasks:
            task.cancel()

    tasks = [asyncio.create_task(slot.keep(), name="slot") for slot in slots]
    stopping = asyncio.create_task(give_back_at_stop())
    try:
        yield
    finally:
        stopping.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)
