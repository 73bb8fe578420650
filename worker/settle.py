"""What becomes of a message: deleted, tried again later, or buried. Pure."""

import zlib
from dataclasses import dataclass

LONGEST_DELAY_S = 900
FIRST_DELAY_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message in hand; `receipt` is good for this delivery only, `deliveries` counts this one too."""

    message_id: str
    body: str
    receipt: str = ""
    deliveries: int = 1


@dataclass(frozen=True, slots=True)
class Done:
    """Handled, or asks nothing of us: delete it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Not possible yet: let it come again after the delay, until the queue's redrive policy buries it."""

    reason: str
    delay_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bury:
    """Never possible: straight to the dead-letter queue, with the reason."""

    reason: str


Outcome = Done | Later | Bury


def backoff_s(message: Message) -> int:
    """Return the seconds to wait before the next attempt: 5, 15, 45, 135, 405, up to 15 min, give or take a quarter.

    The spread comes from the message's id, so that messages which failed together don't return together.
    """
    delay_s: int = min(LONGEST_DELAY_S, FIRST_DELAY_S * 3 ** min(message.deliveries - 1, 10))
    spread = zlib.crc32(message.message_id.encode()) % 1000 / 1000
    return max(1, round(delay_s * (0.75 + spread / 2)))
