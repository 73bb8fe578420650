"""The rule for when the worker probes an input, and for what a probe without an answer means. Pure.

AWS publishes neither the rate nor the price of Probe. A probe saves money, and must never cost time: without an answer
the job is created, and its input clipping is the bound. Only a budget needs the answer, because it must be counted
before the job exists.
"""

from dataclasses import dataclass, field

from worker.submission.probed_input import ProbedInput

PAUSE_S = 60.0
"""Seconds without probes after MediaConvert throttled any call: the calls that are left are for jobs."""
UNANSWERED = 3
"""Probes without an answer, one after another, that cause such a pause too: they delay each job until their timeout."""

MAX_TIMEOUT_S = 5.0
"""Seconds for which a probe may delay its job: it reads the file's headers only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """MediaConvert can't read the file as media. A job may fail too; a budget counts the longest duration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotProbed:
    """MediaConvert throttled or denied the probe, or didn't respond; the cause is `error`."""

    error: Exception
    is_throttled: bool = False
    is_denied: bool = False


ProbeOutcome = ProbedInput | Unreadable | NotProbed


@dataclass(slots=True, kw_only=True)
class ProbeRule:
    """The rule of one process. Times are seconds of one clock."""

    is_on: bool
    is_needed: bool = False
    """True if a budget needs the answers."""
    _paused_s: float = field(init=False, default=float("-inf"))
    _unanswered: int = field(init=False, default=0)

    def is_due(self, *, now_s: float) -> bool:
        """Return whether an input is probed now."""
        return self.is_on and (self.is_needed or now_s - self._paused_s >= PAUSE_S)

    def record_throttled(self, *, now_s: float) -> None:
        """Record that MediaConvert throttled a call, whichever it was."""
        self._paused_s = now_s

    def record_probe(self, outcome: ProbeOutcome, *, now_s: float) -> None:
        """Record how MediaConvert responded to a probe."""
        self._unanswered = self._unanswered + 1 if isinstance(outcome, NotProbed) else 0
        if self._unanswered >= UNANSWERED or (isinstance(outcome, NotProbed) and outcome.is_throttled):
            self._paused_s, self._unanswered = now_s, 0

    def must_wait(self, outcome: ProbeOutcome) -> bool:
        """Return whether the upload waits for another probe; otherwise its job is created."""
        return self.is_needed and isinstance(outcome, NotProbed)


def probe_timeout_s(*, lease_s: float, is_needed: bool) -> float:
    """Return the seconds after which a probe has no answer. CreateJob needs the rest of the claim's lease.

    >>> probe_timeout_s(lease_s=60, is_needed=False), probe_timeout_s(lease_s=60, is_needed=True)
    (5.0, 20.0)
    """
    return lease_s / 3 if is_needed else min(MAX_TIMEOUT_S, lease_s / 6)
