"""The rule for how much of the index of uploads one caller's filters may make DynamoDB skip. Pure.

A page costs little if each upload that is read is on it. A filter that matches few uploads makes DynamoDB read up to
100 MB of the index for one request, so each caller may have a few of these at once, and then one a minute. Each process
counts for itself.
"""

import math
from dataclasses import dataclass, field

BURST_ENTRIES = 1_000_000
"""Entries that a caller's requests may skip at once: about three requests that read as much as one may."""
ENTRIES_PER_S = 5_000
"""Entries that a caller's requests may skip in the long run: about one such request a minute."""
FILE_ENTRIES = 40
"""Entries whose read costs as much as the rows of one file that is not wanted."""
MAX_CALLERS = 10_000
"""Callers after which those who may skip a whole burst again are forgotten."""


@dataclass(slots=True)
class SearchLimit:
    """The entries that each caller's requests have skipped. Times are Unix seconds."""

    _skipped: dict[str, tuple[float, float]] = field(default_factory=dict)
    """The entries that count, and the time at which they did."""

    def record(self, caller: str, entries: int, *, now_s: float) -> None:
        """Record that a request of the caller skipped entries."""
        if not entries:
            return
        if len(self._skipped) >= MAX_CALLERS:
            self._skipped = {each: kept for each, kept in self._skipped.items() if self._counted(each, now_s=now_s)}
        self._skipped[caller] = (self._counted(caller, now_s=now_s) + entries, now_s)

    def wait_s(self, caller: str, *, now_s: float) -> int:
        """Return the seconds until a request of the caller may skip entries; 0 if it may now."""
        excess = self._counted(caller, now_s=now_s) - BURST_ENTRIES
        return 0 if excess < 0 else max(1, math.ceil(excess / ENTRIES_PER_S))

    def _counted(self, caller: str, *, now_s: float) -> float:
        entries, time_s = self._skipped.get(caller, (0, now_s))
        return max(0.0, entries - max(0.0, now_s - time_s) * ENTRIES_PER_S)
