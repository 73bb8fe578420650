"""A model of a standard SQS queue and its dead-letter queue, by the rules that AWS documents, with a clock of its own.

Visibility timeout and receive count: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
sqs-visibility-timeout.html. Retention and redrive policy: …/sqs-dead-letter-queues.html: a message that the policy
moves keeps its enqueue time, so that its retention ends when it would have ended in the first queue.
"""

import heapq
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace


@dataclass(slots=True)
class StoredMessage:
    """A message in a queue; `visible_ms` is the time from which it can be received."""

    message_id: str
    body: str
    sent_ms: int
    visible_ms: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    receives: int = 0


@dataclass(slots=True, kw_only=True)
class SqsModel:
    """A queue. Times are Unix milliseconds."""

    visibility_timeout_ms: int
    retention_ms: int
    max_receive_count: int | None = None
    dead_letters: "SqsModel | None" = None
    messages: dict[str, StoredMessage] = field(default_factory=dict)
    lost: list[StoredMessage] = field(default_factory=list)
    moved: list[StoredMessage] = field(default_factory=list)
    _order: list[tuple[int, int, str]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def send(self, body: str, *, now_ms: int, attributes: Mapping[str, str] | None = None) -> str:
        """Send a message, and return its id. Its retention begins now."""
        message_id = f"message-{next(self._numbers)}"
        self.put(StoredMessage(message_id, body, now_ms, now_ms, attributes or {}))
        return message_id

    def next_ms(self) -> int | None:
        """Return the next time at which a message can be received; None if the queue is empty."""
        self._drop_stale()
        return self._order[0][0] if self._order else None

    def receive(self, *, now_ms: int, count: int = 10) -> Sequence[StoredMessage]:
        """Return up to ten visible messages, and hide them. SQS moves a message that was received too often."""
        received: list[StoredMessage] = []
        while len(received) < count and (visible_ms := self.next_ms()) is not None and visible_ms <= now_ms:
            message = self.messages[self._order[0][2]]
            if now_ms - message.sent_ms >= self.retention_ms:
                self.lost.append(self.messages.pop(message.message_id))  # SQS notifies no one
            elif self.max_receive_count is not None and message.receives >= self.max_receive_count:
                self._move(self.messages.pop(message.message_id), now_ms)
            else:
                message.receives += 1
                self._hide(message, now_ms + self.visibility_timeout_ms)
                received.append(replace(message))
        return received

    def delete(self, message_id: str) -> None:
        """Delete the message."""
        self.messages.pop(message_id, None)

    def change_visibility(self, message_id: str, delay_s: int, *, now_ms: int) -> None:
        """Make the message visible after the delay, of 12 hours at most."""
        assert 0 <= delay_s <= 43_200
        self._hide(self.messages[message_id], now_ms + delay_s * 1000)

    def put(self, message: StoredMessage) -> None:
        """Take a message with its enqueue time, as SQS moves one between queues."""
        self.messages[message.message_id] = message
        self._hide(message, message.visible_ms)

    def _hide(self, message: StoredMessage, visible_ms: int) -> None:
        message.visible_ms = visible_ms
        heapq.heappush(self._order, (visible_ms, next(self._numbers), message.message_id))

    def _move(self, message: StoredMessage, now_ms: int) -> None:
        assert self.dead_letters is not None
        self.moved.append(message)
        self.dead_letters.put(replace(message, visible_ms=now_ms))

    def _drop_stale(self) -> None:
        while self._order:
            visible_ms, _, message_id = self._order[0]
            message = self.messages.get(message_id)
            if message is not None and message.visible_ms == visible_ms:
                return
            heapq.heappop(self._order)
