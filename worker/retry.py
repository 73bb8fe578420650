"""The retry rule: the worker gives up a message for its own fault or its age, never for a fault of the environment.

Pure. SQS's own count of deliveries can't decide this: it counts waits, stops and Lambda's throttles too. So the worker
counts failures and deaths in a note of its own (worker/delivery_notes.py). See
docs/adr/0029-waiting-is-not-failing.md.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from transcode.job import Failure
from worker.outcomes import Done, Failed, GiveUp, Impossible, Message, NotYet, Outcome, Retry, Verdict

FIRST_DELAY_S = 5
MAX_DELAY_S = 30 * 60
FAILED_DELAYS_S: Sequence[int] = (60, 300, 900, 1_800)
"""Seconds after the first to the fourth failed attempt. Together about an hour, so that the rollback of a bad release
comes before the end of the messages that it can't handle."""
MAX_FAILURES = len(FAILED_DELAYS_S) + 1

MAX_DEATHS = 5
"""Workers that may die one after another while they hold a message, before a worker takes it alone. The first one is
not recorded: only a second delivery writes a note, so that a calm queue costs no writes."""
MAX_DELIVERIES = 900
"""Deliveries after which the worker gives up a message itself, before the redrive policy moves it at 1,000: a message
that a policy moves keeps its age, so that SQS would delete it from the dead-letter queue within days."""

ALONE_TIMEOUT_S = 60
"""Seconds that a message which is handled alone may take. All other messages of the process wait for it."""
ALONE_GRACE_S = 2 * ALONE_TIMEOUT_S
"""Seconds after which a message that is handled alone, without a recorded end, has killed its worker."""

RETENTION_S = 14 * 86_400
"""Seconds after which SQS deletes a message, without a notice to anyone: the longest that SQS offers."""
MAX_GIVE_UP_AFTER_S = RETENTION_S - 86_400

AGE_CODE = 504
FAILURE_CODE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryNote:
    """The facts about one message that survive a worker's death.

    `open_deliveries` are the deliveries that began one after another without a recorded end. `failures` are the
    attempts that failed because of a defect. `alone_ms` is the time at which a worker began to handle the message
    alone, until that ends (Unix milliseconds).
    """

    open_deliveries: int = 0
    failures: int = 0
    alone_ms: int | None = None

    @property
    def is_suspect(self) -> bool:
        """True if the message may kill workers: the delivery that just began follows too many without an end."""
        return self.open_deliveries >= MAX_DEATHS


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """The rule, with its only setting."""

    give_up_after_s: int

    def before(self, message: Message, note: DeliveryNote, *, now_ms: int) -> Outcome | None:
        """Return the outcome of a redelivered message that must not be handled now; None if it may be handled.

        `note` includes this delivery.
        """
        if note.alone_ms is not None:
            remaining_s = -(-(note.alone_ms + ALONE_GRACE_S * 1000 - now_ms) // 1000)
            if remaining_s > 0:
                return Retry(reason="another worker handles it alone", delay_s=max(1, remaining_s))
            return GiveUp(reason="workers die of it: it killed one that handled nothing else")
        if note.failures >= MAX_FAILURES:
            return self._failed(message, note, "an earlier attempt", now_ms=now_ms)
        return None

    def after(self, message: Message, verdict: Verdict, note: DeliveryNote, *, now_ms: int) -> Outcome:
        """Return the outcome of a handled message. `note` includes the verdict's failure."""
        match verdict:
            case Done():
                return verdict
            case Impossible(reason=reason):
                return GiveUp(reason=reason)
            case Failed(reason=reason) if note.failures >= MAX_FAILURES:
                return self._failed(message, note, reason, now_ms=now_ms)
            case Failed(reason=reason):
                delay_s = spread_s(FAILED_DELAYS_S[max(0, note.failures - 1)], message)
                return self._unless_too_old(message, Retry(reason=reason, delay_s=delay_s), now_ms=now_ms)
            case NotYet(reason=reason, delay_s=delay_s, is_outage=is_outage):
                retry = Retry(reason=reason, delay_s=delay_s or backoff_s(message), is_outage=is_outage)
                return self._unless_too_old(message, retry, now_ms=now_ms)
            case _:
                assert_never(verdict)

    def is_too_old(self, message: Message, *, now_ms: int) -> bool:
        """Return whether the message has waited for as long as a message may wait."""
        waited_ms = message.waited_ms(now_ms / 1000)
        return waited_ms is not None and waited_ms >= self.give_up_after_s * 1000

    def must_go(self, message: Message, *, now_ms: int) -> bool:
        """Return whether the message must leave its queue at once, whatever else is undone: SQS will soon delete it."""
        return message.sent_ms is not None and now_ms - message.sent_ms >= MAX_GIVE_UP_AFTER_S * 1000

    def _unless_too_old(self, message: Message, retry: Retry, *, now_ms: int) -> Outcome:
        if self.is_too_old(message, now_ms=now_ms):
            failure = Failure(
                code=AGE_CODE, message=f"No job could be created within {_length(self.give_up_after_s)}; try again."
            )
            waited_s = (message.waited_ms(now_ms / 1000) or 0) // 1000
            return GiveUp(
                reason=f"it waited {_length(waited_s)}, the last time because: {retry.reason}", failure=failure
            )
        if message.deliveries >= MAX_DELIVERIES:
            failure = Failure(code=AGE_CODE, message="No job could be created; try again.")
            return GiveUp(
                reason=f"it was delivered {message.deliveries} times, the last reason: {retry.reason}", failure=failure
            )
        return retry

    def _failed(self, message: Message, note: DeliveryNote, reason: str, *, now_ms: int) -> GiveUp:
        waited_s = (message.waited_ms(now_ms / 1000) or 0) // 1000
        return GiveUp(
            reason=f"{note.failures} attempts failed within {_length(waited_s)}, the last one: {reason}",
            failure=Failure(code=FAILURE_CODE, message="No job could be created because of an internal error."),
        )


def is_given_up(failure: Failure) -> bool:
    """Return whether the failure is that of a message that was given up: no job was refused."""
    return failure.code in (AGE_CODE, FAILURE_CODE)


def backoff_s(message: Message) -> int:
    """Return the seconds until the next attempt: 5, 15, 45, 135, 405, 1215, then 30 min, each plus or minus 25 %."""
    return spread_s(min(MAX_DELAY_S, FIRST_DELAY_S * 3 ** min(max(0, message.deliveries - 1), 10)), message)


def spread_s(delay_s: float, message: Message) -> int:
    """Return the delay plus or minus a quarter, which message and delivery decide.

    So messages that failed together are retried at different times, and no message is always the last one.
    """
    draw = zlib.crc32(f"{message.message_id} {message.deliveries}".encode()) % 1000 / 999
    return max(1, round(delay_s * (0.75 + draw / 2)))


def _length(seconds: int) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} seconds"
