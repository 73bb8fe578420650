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
"""Calls that a submitter may start at once after it was idle: a few uploads don't wait for each other."""
IDLE_S = 5.0
"""Seconds without a call after which a submitter was idle."""
BELIEF = 0.35
"""The part by which a throttled call below the ceiling lowers the ceiling. Other programs' calls, or two submitters
that call at the same moment, cause such calls too."""
OUTAGE_S = 20.0
"""Seconds without a success after which throttled calls are an outage, and not a rate that is too high."""
THROTTLED_DELAY_S = 3
"""Seconds until the next attempt at an upload that was throttled while other calls succeed. The pace limits the next
calls, so the upload needn't wait longer after each attempt, as in an outage."""
LOWEST_SHARE = 0.25
"""The part of the ceiling below which throttled calls don't reduce the rate while other calls succeed."""
MAX_BATCH = 10
BATCHES = 10
"""Batches of a submitter that may be handled at the same time, at most: slow calls of one don't delay the next."""
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
    """Seconds of work since the last reduction. Time without work, or until a call succeeds, doesn't count."""
    _reduced_s: float = field(init=False, default=float("-inf"))
    _succeeded_s: float = field(init=False, default=float("-inf"))
    _started_s: float = field(init=False, default=float("-inf"))
    """The start of the last call, which may be later than now."""
    _reserved_s: float = field(init=False, default=0)
    is_steady: bool = field(init=False, default=False)
    """True if the last call that ended succeeded, unless the submitter was idle since then."""
    _uncounted_s: float = field(init=False, default=0)
    _free_calls: int = field(init=False, default=0)

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
        if now_s - self._started_s >= IDLE_S:  # the rate wasn't used, so the time shows nothing about it
            self._free_calls, self._uncounted_s, self.is_steady = BURST, 0, False
        else:
            self._uncounted_s += now_s - self._reserved_s
        interval_s = 1 / self.rate_per_s
        self._reserved_s = now_s
        if self._free_calls:
            self._free_calls -= 1
            self._started_s = max(now_s, self._started_s)
            return self._started_s
        self._started_s = max(now_s, self._started_s + interval_s)
        if self._started_s > now_s and self._succeeded_s >= self._reduced_s:
            self._recovered_s += min(self._uncounted_s, MAX_BATCH * interval_s)
            self._uncounted_s = 0
        return self._started_s

    def retry_delay_s(self, *, now_s: float) -> int | None:
        """Return the delay of a throttled upload; None if no call has succeeded lately, which may be an outage."""
        return None if self._is_outage(now_s) else THROTTLED_DELAY_S

    def record_success(self, *, now_s: float) -> None:
        """Record that MediaConvert accepted a call."""
        self._succeeded_s, self.is_steady = now_s, True

    def record_failed(self) -> None:
        """Record that a call failed for another reason than throttling, which shows nothing about the rate."""
        self.is_steady = False

    def record_throttled(self, *, started_s: float, now_s: float) -> None:
        """Halve the rate, unless the call started before the last reduction.

        While no call succeeds, the rate at which the throttling began is remembered: an outage shows nothing about it.
        """
        self.is_steady = False
        if started_s < self._reduced_s:
            return
        rate_per_s = self.rate_per_s
        if self._succeeded_s >= self._reduced_s:
            self.ceiling_per_s = max(rate_per_s, self.ceiling_per_s + BELIEF * (rate_per_s - self.ceiling_per_s))
        lowest_per_s = MIN_RATE_PER_S if self._is_outage(now_s) else self.ceiling_per_s * LOWEST_SHARE
        self._low_per_s = max(MIN_RATE_PER_S, lowest_per_s, rate_per_s / 2)
        self._recovered_s, self._uncounted_s, self._reduced_s = 0, 0, now_s

    def _is_outage(self, now_s: float) -> bool:
        return now_s - self._succeeded_s >= OUTAGE_S

    @property
    def _recovery_s(self) -> float:
        return max(MIN_RECOVERY_S, CALLS_PER_RECOVERY / self.ceiling_per_s)
