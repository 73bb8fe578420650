"""The outcomes of handling a message: delete it, retry it later, or move it to the dead-letter queue. Pure."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_DELAY_S = 900
FIRST_DELAY_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A received message. `receipt` is valid for this delivery only; `deliveries` includes this one.

    `attributes` are the correlation ids that our service or a worker wrote on the message. `sent_ms` is the time at
    which the queue received the message (Unix milliseconds).
    """

    message_id: str
    body: str
    receipt: str = ""
    deliveries: int = 1
    attributes: Mapping[str, str] = field(default_factory=dict)
    sent_ms: int | None = None

    def waited_ms(self, now_s: float) -> int | None:
        """Return the time since the message was sent; None if unknown. It is at least 0, because clocks differ."""
        return None if self.sent_ms is None else max(0, round(now_s * 1000) - self.sent_ms)


@dataclass(frozen=True, slots=True)
class Done:
    """The message was handled or ignored: delete it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The message can't be handled yet: make it visible again after the delay.

    SQS moves it to the dead-letter queue after as many deliveries as the queue's redrive policy allows.
    """

    reason: str
    delay_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """The message can never be handled: move it to the dead-letter queue, with the reason."""

    reason: str


Outcome = Done | Retry | GiveUp


def backoff_s(message: Message) -> int:
    """Return the seconds until the next attempt: 5, 15, 45, 135, 405, then 15 min, each plus or minus 25 %.

    The message's id decides the variation, so messages that failed together aren't all retried at the same time.
    """
    delay_s: int = min(MAX_DELAY_S, FIRST_DELAY_S * 3 ** min(message.deliveries - 1, 10))
    variation = zlib.crc32(message.message_id.encode()) % 1000 / 1000
    return max(1, round(delay_s * (0.75 + variation / 2)))
