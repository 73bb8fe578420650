"""The rate at which one submitter creates jobs: it halves when MediaConvert throttles, and grows slowly. Pure.

AWS publishes no rate for CreateJob, so each submitter finds it. After a throttled call it continues at half the rate,
returns to the rate at which the throttling began along a cubic curve, stays near it, and only then goes above it, as
TCP CUBIC (RFC 9438) and botocore's adaptive mode do. See docs/adr/0031-two-queues.md for the reasons not to use
botocore's.
"""

from dataclasses import dataclass, field

MIN_RATE_PER_S = 0.1
MAX_RATE_PER_S = 100.0
MIN_RECOVERY_S = 10.0
"""Seconds until the rate is back where the throttling began, at least."""
CALLS_PER_RECOVERY = 40
"""Calls in the time until the rate is back, at least, so that throttled calls stay a small part of all calls."""
BURST = 5
"""Calls that an idle submitter may start at once: a few uploads don't wait for each other."""
MAX_BATCH = 10
BATCH_S = 2.0
"""Seconds of work in one batch, at most. Messages that a submitter already has come before those of other callers."""


@dataclass(slots=True, kw_only=True)
class Pace:
    """The pace of one submitter. Times are seconds of a clock that never goes back; rates are calls a second."""

    start_per_s: float
    ceiling_per_s: float = field(init=False)
    """The rate at which MediaConvert throttled last, while calls succeeded; at first the start."""
    _low_per_s: float = field(init=False)
    _recovered_s: float = field(init=False)
    """Seconds of work since the last reduction; time without work doesn't count."""
    _reduced_s: float = field(init=False, default=float("-inf"))
    _has_succeeded: bool = field(init=False, default=False)
    _full_s: float = field(init=False, default=float("-inf"))
    """The time at which an idle submitter may start a whole burst again."""
    _last_s: float = field(init=False, default=0)
    _uncounted_s: float = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Begin at the start rate, as if it had been reached after a reduction."""
        self.ceiling_per_s = self._low_per_s = self.start_per_s
        self._recovered_s = self._recovery_s

    @property
    def rate_per_s(self) -> float:
        """Return the present rate."""
        ceiling, low, recovery_s = self.ceiling_per_s, self._low_per_s, self._recovery_s
        share = (self._recovered_s - recovery_s) / recovery_s
        reach = ceiling - low if share < 0 else ceiling / 2
        return min(MAX_RATE_PER_S, max(MIN_RATE_PER_S, ceiling + reach * share**3))

    @property
    def batch_size(self) -> int:
        """Return the number of messages that the submitter can submit within about two seconds."""
        return max(1, min(MAX_BATCH, int(self.rate_per_s * BATCH_S)))

    def reserve(self, *, now_s: float) -> float:
        """Return the time at which the next call may start: now, or later."""
        interval_s = 1 / self.rate_per_s
        if self._full_s <= now_s:  # idle: the rate wasn't used, so the time shows nothing about it
            self._full_s, self._uncounted_s = now_s, 0
        else:
            self._uncounted_s += now_s - self._last_s
        self._last_s = now_s
        self._full_s += interval_s
        start_s = max(now_s, self._full_s - BURST * interval_s)
        if start_s > now_s:
            self._recovered_s += min(self._uncounted_s, (MAX_BATCH + BURST) * interval_s)
            self._uncounted_s = 0
        return start_s

    def record_success(self) -> None:
        """Record that MediaConvert accepted a call."""
        self._has_succeeded = True

    def record_throttled(self, *, started_s: float, now_s: float) -> None:
        """Halve the rate, unless the call started before the last reduction.

        While no call succeeds, the rate at which the throttling began is kept: an outage shows nothing about it.
        """
        if started_s < self._reduced_s:
            return
        rate_per_s = self.rate_per_s
        if self._has_succeeded:
            self.ceiling_per_s = rate_per_s
        self._low_per_s = max(MIN_RATE_PER_S, rate_per_s / 2)
        self._recovered_s, self._uncounted_s, self._reduced_s, self._has_succeeded = 0, 0, now_s, False

    @property
    def _recovery_s(self) -> float:
        return max(MIN_RECOVERY_S, CALLS_PER_RECOVERY / self.ceiling_per_s)
