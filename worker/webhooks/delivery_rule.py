"""The rule for a webhook's delivery: when a failed one is tried again, and how long a failing endpoint rests. Pure.

Each endpoint has a queue and pollers of its own, so its failures delay nothing else. While it fails, a poller tries one
message and rests. All other messages stay visible in the queue, so they don't count as in flight.
"""

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

from worker.outcomes import Done, GiveUp, Message, Outcome, Retry

FIRST_DELAY_S = 5
FACTOR = 3
MAX_DELAY_S = 30 * 60
MAX_RETRY_AFTER_S = 6 * 3_600
"""The longest Retry-After that is obeyed. SQS hides a message for 12 hours at most."""
OVERLOADED_DELAY_S = 60
"""Seconds after a timeout or a 429 at least, because the receiver has too much to do."""
OVERLOADED_STATUS = 429
STOPPED_REST_S = 60
"""Seconds of each rest of a stopped endpoint's poller, so that it goes on soon after an operator has resumed it."""
GONE_STATUS = 410
"""The status with which a receiver says that it wants no more webhooks."""
MAX_STEPS = 10
"""Failures after which the delay no longer grows."""
MAX_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The receiver's answer to one attempt. Without a status it didn't answer, for this `reason`."""

    status: int | None = None
    retry_after_s: int | None = None
    reason: str = ""
    is_timeout: bool = False

    @property
    def is_success(self) -> bool:
        """True for a 2xx. A redirect is a failure, because nothing follows it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 -- the class of statuses

    @property
    def is_gone(self) -> bool:
        """True if the endpoint must get nothing more until an operator resumes it."""
        return self.status == GONE_STATUS

    @property
    def text(self) -> str:
        """The answer for a log line, and for the reason of a dead letter."""
        return self.reason or f"status {self.status}"


def delay_s(failures: int, answer: Answer, *, draw: float) -> int:
    """Return the seconds until the next attempt after so many failures; `draw` is between 0 and 1.

    >>> [delay_s(failures, Answer(status=500), draw=0.5) for failures in (1, 2, 3, 4, 5, 6, 7, 100)]
    [5, 15, 45, 135, 405, 1215, 1800, 1800]
    """
    waited: int = min(MAX_DELAY_S, FIRST_DELAY_S * FACTOR ** min(max(failures, 1) - 1, MAX_STEPS))
    if answer.is_timeout or answer.status == OVERLOADED_STATUS:
        waited = max(waited, OVERLOADED_DELAY_S)
    spread = round(waited * (0.8 + 0.4 * draw))
    return min(MAX_RETRY_AFTER_S, max(spread, answer.retry_after_s or 0))


def retry_after_s(header: str | None, *, now: datetime) -> int | None:
    """Return the seconds in a Retry-After header, which has seconds or a date; None if it has neither.

    >>> retry_after_s("120", now=datetime(2026, 1, 1))
    120
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        return int(text)
    try:
        return max(0, round((parsedate_to_datetime(text) - now).total_seconds()))
    except (TypeError, ValueError, OverflowError):
        return None


def is_too_old(message: Message, *, give_up_after_s: int, now_s: float) -> bool:
    """Return whether the worker gives up the webhook: SQS would delete it soon, without a trace."""
    waited_ms = message.waited_ms(now_s)
    return waited_ms is not None and waited_ms >= give_up_after_s * 1000


@dataclass(slots=True, kw_only=True)
class EndpointRest:
    """The rest of one endpoint's poller while the endpoint fails. Times never go back."""

    draw: Callable[[], float] = random.random
    until_s: float = 0
    failures: int = 0
    """Batches that failed one after another."""
    last: Answer = field(default_factory=Answer)

    def record_answer(self, answer: Answer) -> None:
        """Record the answer that decides how long the rest is, if the batch fails."""
        self.last = answer

    def record(self, outcomes: Collection[Outcome], *, now_s: float) -> None:
        """Begin a rest if the endpoint accepted nothing. One success ends it; a message given up changes nothing."""
        if any(isinstance(outcome, Done) for outcome in outcomes):
            self.until_s = self.failures = 0
        elif any(isinstance(outcome, Retry) for outcome in outcomes) and self.last.is_gone:
            self.failures = max(1, self.failures)
            self.until_s = now_s + STOPPED_REST_S
        elif any(isinstance(outcome, Retry) for outcome in outcomes):
            self.failures += 1
            self.until_s = now_s + delay_s(self.failures, self.last, draw=self.draw())
        elif any(isinstance(outcome, GiveUp) for outcome in outcomes):
            self.until_s = 0

    def remaining_s(self, *, now_s: float) -> float:
        """Return the seconds until the endpoint may be tried again."""
        return max(0.0, self.until_s - now_s)
