"""What becomes of a message: deleted, tried again later, or buried. Pure."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST_DELAY_S = 900
FIRST_DELAY_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message in hand; `receipt` is good for this delivery only, `deliveries` counts this one too.

    `attributes` are those that say where a message of ours comes from; `sent_ms` is when it came into its queue (Unix
    milliseconds).
    """

    message_id: str
    body: str
    receipt: str = ""
    deliveries: int = 1
    attributes: Mapping[str, str] = field(default_factory=dict)
    sent_ms: int | None = None

    def waited_ms(self, now_s: float) -> int | None:
        """Return for how long it has been on its way, where that is known; clocks differ, so never less than 0."""
        return None if self.sent_ms is None else max(0, round(now_s * 1000) - self.sent_ms)


@dataclass(frozen=True, slots=True)
class Done:
    """Handled, or asks nothing of us: delete it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Not possible yet: let it come again after the delay, until the queue's redrive policy buries it."""

    reason: str
    delay_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Never possible: straight to the dead-letter queue, with the reason."""

    reason: str


Outcome = Done | Retry | GiveUp


def backoff_s(message: Message) -> int:
    """Return the seconds to wait before the next attempt: 5, 15, 45, 135, 405, up to 15 min, give or take a quarter.

    The spread comes from the message's id, so that messages which failed together don't return together.
    """
    delay_s: int = min(LONGEST_DELAY_S, FIRST_DELAY_S * 3 ** min(message.deliveries - 1, 10))
    spread = zlib.crc32(message.message_id.encode()) % 1000 / 1000
    return max(1, round(delay_s * (0.75 + spread / 2)))
