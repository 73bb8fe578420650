"""The rests of a queue's pollers while AWS is unavailable, so that messages stay visible instead of in flight. Pure.

SQS allows 120,000 messages of a queue in flight, and a message that waits for its next attempt is in flight. So the
pollers don't work through a backlog that can only fail: they try a batch of ten now and then.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from worker.outcomes import Outcome, Retry

FIRST_REST_S = 1.0
MAX_REST_S = 30.0


@dataclass(slots=True)
class Rest:
    """The rest of all pollers of one queue in one process. Times are seconds of a clock that never goes back."""

    until_s: float = 0
    length_s: float = 0

    def record(self, outcomes: Iterable[Outcome], *, now_s: float) -> None:
        """Begin a rest, twice as long as the one before, if the environment failed every message of a batch.

        Failures of batches that began before the rest don't extend it. Any other outcome ends the rest.
        """
        outages = [isinstance(outcome, Retry) and outcome.is_outage for outcome in outcomes]
        if not outages:
            return
        if not all(outages):
            self.end()
        elif now_s >= self.until_s:
            self.extend(now_s=now_s)

    def end(self) -> None:
        """End the rest, because something succeeded."""
        self.until_s = self.length_s = 0

    def extend(self, *, now_s: float) -> None:
        """Begin a rest, twice as long as the one before."""
        self.length_s = min(MAX_REST_S, self.length_s * 2 or FIRST_REST_S)
        self.until_s = now_s + self.length_s

    def remaining_s(self, *, now_s: float) -> float:
        """Return the seconds until a poller may try again; 0 if it may now."""
        return max(0.0, self.until_s - now_s)

    @property
    def is_trying(self) -> bool:
        """True after a failed batch until one succeeds: pollers take no backlog, and only a small batch."""
        return self.length_s > 0
