"""The gate before an endpoint's queue: while the endpoint fails, its poller tries one message and rests."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from worker.gates import MAX_WAIT_S, pause
from worker.outcomes import Outcome
from worker.queue import BATCH_SIZE
from worker.webhooks.delivery_rule import EndpointRest


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointGate:
    """The gate of an endpoint's poller. `clock` returns seconds that never go back."""

    rest: EndpointRest
    clock: Callable[[], float] = time.monotonic

    async def open(self, stop: asyncio.Event) -> int:
        """Return how many webhooks may be received: a batch, or one while the endpoint fails; 0 during a rest."""
        if remaining_s := self.rest.remaining_s(now_s=self.clock()):
            await pause(stop, min(MAX_WAIT_S, remaining_s))
            return 0
        return 1 if self.rest.failures else BATCH_SIZE

    def record(self, outcomes: Collection[Outcome]) -> None:
        """Let the poller rest if the endpoint accepted nothing."""
        self.rest.record(outcomes, now_s=self.clock())
