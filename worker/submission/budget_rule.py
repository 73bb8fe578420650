"""The budgets of billable minutes in a day: which counters a job is counted in, and up to which value. Pure.

Days are those of UTC, so that all workers agree on them, and so that callers know when to try again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from transcode.billing import MS_PER_MINUTE
from transcode.job import Failure

EXHAUSTED_CODE = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """One counter, and the largest value that it may have before a job is counted."""

    name: str
    limit_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """The billable minutes of a day for all callers, and for each caller; 0 is no limit."""

    per_day: int = 0
    per_day_and_caller: int = 0

    @property
    def is_on(self) -> bool:
        """True if there is a budget."""
        return bool(self.per_day or self.per_day_and_caller)

    def counters(self, *, counted_ms: int, caller: str | None, now_s: int) -> Sequence[Counter]:
        """Return the counters for a job of this many billable milliseconds.

        Uploads without an owner have no caller of their own; only the budget for all callers counts them.
        """
        day = datetime.fromtimestamp(now_s, UTC).date().isoformat()
        counters = []
        if self.per_day:
            counters.append(Counter(name=day, limit_ms=self.per_day * MS_PER_MINUTE - counted_ms))
        if self.per_day_and_caller and caller is not None:
            name = f"{day}:{hashlib.sha256(caller.encode(errors='surrogatepass')).hexdigest()[:32]}"
            counters.append(Counter(name=name, limit_ms=self.per_day_and_caller * MS_PER_MINUTE - counted_ms))
        return counters


def exhausted() -> Failure:
    """Return the error of an upload over a budget. It can be retried on the next day."""
    return Failure(
        code=EXHAUSTED_CODE,
        reason="budget_exhausted",
        message="The transcoding minutes of this day are used up. Request another job after midnight UTC.",
    )
