"""A received message, the verdict of the code that handled it, and the outcome that its queue applies. Pure.

A verdict says how the attempt went. worker/retry.py makes an outcome of it: delete the message, retry it later, or move
it to the dead-letter queue.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from transcode.job import Failure

FIRST_SEEN_KEY = "FirstSeen"
"""The message attribute with the time from which a message waits (Unix milliseconds), on a message that the worker
sends again: SQS measures from each sending, and forgets the message's attributes of an earlier one."""
REASON_KEY = "Reason"
"""The message attribute with the reason why the worker sent a message to a dead-letter queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A received message. `receipt` is valid for this delivery only; `deliveries` includes this one.

    `attributes` are those that our service or a worker wrote on the message. `sent_ms` is the time at which the queue
    received the message (Unix milliseconds); SQS deletes the message 14 days later. `group` is the MessageGroupId of a
    message of a fair queue.
    """

    message_id: str
    body: str
    receipt: str = ""
    deliveries: int = 1
    attributes: Mapping[str, str] = field(default_factory=dict)
    sent_ms: int | None = None
    group: str | None = None

    @property
    def first_seen_ms(self) -> int | None:
        """Return the time from which the message waits (Unix milliseconds); None if unknown.

        A message that a worker sent on keeps its first time. A dead letter that an operator sent back starts again.
        """
        first_seen = self.attributes.get(FIRST_SEEN_KEY, "")
        is_sent_back = REASON_KEY in self.attributes
        if self.sent_ms is None or is_sent_back or not (first_seen.isascii() and first_seen.isdigit()):
            return self.sent_ms
        return min(self.sent_ms, int(first_seen))

    def waited_ms(self, now_s: float) -> int | None:
        """Return the time since the message was sent; None if unknown. It is at least 0, because clocks differ."""
        first_seen_ms = self.first_seen_ms
        return None if first_seen_ms is None else max(0, round(now_s * 1000) - first_seen_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The message was handled or ignored: delete it. It is both a verdict and an outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """The environment is at fault, or another worker has the work: the message waits.

    `delay_s` is the known time until the next attempt can succeed, if there is one. `is_outage` is true if AWS failed,
    throttled or denied a call, so that other messages would fail too.
    """

    reason: str
    delay_s: int | None = None
    is_outage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The attempt failed because of a defect. Five such attempts end the message."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Impossible:
    """No attempt can handle the message, for example because it is malformed."""

    reason: str


Verdict = Done | NotYet | Failed | Impossible

_WEIGHTS: Mapping[type[Verdict], int] = {Done: 0, Failed: 1, Impossible: 2, NotYet: 3}


def combine(first: Verdict, second: Verdict) -> Verdict:
    """Return the verdict of a message with two items.

    NotYet counts first, so that no item goes to the dead-letter queue while another one waits; then the worst counts.
    """
    return second if _WEIGHTS[type(second)] > _WEIGHTS[type(first)] else first


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Make the message visible again after the delay. `is_outage` is that of NotYet."""

    reason: str
    delay_s: int
    is_outage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Move the message to the dead-letter queue, with the reason. `failure` is what callers read about its uploads."""

    reason: str
    failure: Failure | None = None


Outcome = Done | Retry | GiveUp
