"""The order of a fair SQS queue, by AWS's documented rule. Pure: the caller passes the time.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
AWS doesn't document how long "recent" processing is; five minutes are assumed.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

NOISY_SHARE = 0.1
NOISY_IN_FLIGHT = 30
RECENT_S = 300.0


@dataclass(slots=True)
class FairOrder:
    """The messages in flight and the recent processing time of each group."""

    in_flight: Counter[str] = field(default_factory=Counter)
    _busy_s: dict[str, float] = field(default_factory=dict)
    """Processing time, weighted with its age: the weights double in each `RECENT_S` of time."""
    _total_busy_s: float = 0.0

    def begin(self, group: str) -> None:
        """Record that a message was received."""
        self.in_flight[group] += 1

    def end(self, group: str, *, took_s: float, now_s: float) -> None:
        """Record that a message is no longer in flight."""
        self.in_flight[group] -= 1
        weighted_s = took_s * math.exp2(now_s / RECENT_S)
        self._busy_s[group] = self._busy_s.get(group, 0.0) + weighted_s
        self._total_busy_s += weighted_s

    def next_group(self, oldest: Mapping[str, int]) -> str:
        """Return the group of the next message. `oldest` has the position of each waiting group's oldest message.

        Messages of quiet groups come first, the oldest first; then those of the noisy group with the fewest messages in
        flight. A group is noisy only while it has a backlog.
        """
        if len(oldest) == 1:
            return next(iter(oldest))
        return min(oldest, key=lambda group: self._rank(group, oldest[group]))

    def _rank(self, group: str, position: int) -> tuple[bool, int, int]:
        is_noisy = self._is_noisy(group)
        return is_noisy, self.in_flight[group] if is_noisy else 0, position

    def _is_noisy(self, group: str) -> bool:
        count = self.in_flight[group]
        has_many = count >= NOISY_IN_FLIGHT and count > NOISY_SHARE * self.in_flight.total()
        return has_many or self._busy_s.get(group, 0.0) > NOISY_SHARE * self._total_busy_s
