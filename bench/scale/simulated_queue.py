"""A standard SQS queue in a simulation, by the rules that AWS documents, with the order of a fair queue.

A message that was received and not deleted is in flight until its visibility timeout ends. A queue with 120,000 of them
returns no more.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from bench.scale.fair_order import FairOrder
from worker.outcomes import Message

MAX_IN_FLIGHT = 120_000
RETENTION_S = 14 * 86_400
LONG_POLL_S = 20.0


@dataclass(slots=True)
class Letter:
    """A message in the queue. Times are seconds since the simulation's beginning."""

    upload: int
    group: str
    sent_s: float
    first_seen_s: float
    visible_s: float
    received_s: float = 0.0
    receives: int = 0

    def message(self, *, epoch_ms: int) -> Message:
        """Return the message as the worker receives it."""
        return Message(
            message_id=f"{self.upload}",
            body="",
            deliveries=self.receives,
            attributes={"FirstSeen": str(epoch_ms + int(self.first_seen_s * 1000))},
            sent_ms=epoch_ms + int(self.sent_s * 1000),
        )


@dataclass(slots=True, kw_only=True)
class SimulatedQueue:
    """The queue's messages by upload: an upload has at most one message in a queue."""

    env: simpy.Environment
    visibility_timeout_s: float
    max_receive_count: int
    is_fair: bool = False
    letters: dict[int, Letter] = field(default_factory=dict)
    lost: int = 0
    """Messages that SQS deleted because of their age."""
    moved: int = 0
    """Messages that the redrive policy moved to the dead-letter queue."""
    received: int = 0
    most_in_flight: int = 0
    most_waiting: int = 0
    refused_receives: int = 0
    """Receives that returned nothing because too many messages were in flight."""
    _hidden: list[tuple[float, int, int]] = field(default_factory=list)
    _groups: dict[str, deque[tuple[int, int]]] = field(default_factory=dict)
    _in_flight: dict[int, Letter] = field(default_factory=dict)
    _order: FairOrder = field(default_factory=FairOrder)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _arrival: simpy.Event | None = None

    @property
    def in_flight(self) -> int:
        """Return the number of messages in flight."""
        self._reveal()
        return len(self._in_flight)

    def send(self, upload: int, *, group: str = "", first_seen_s: float | None = None) -> None:
        """Send a message, which can be received at once."""
        now_s = self.env.now
        first_seen_s = now_s if first_seen_s is None else first_seen_s
        letter = Letter(upload=upload, group=group, sent_s=now_s, first_seen_s=first_seen_s, visible_s=now_s)
        self.letters[upload] = letter
        self.most_waiting = max(self.most_waiting, len(self.letters))
        self._show(letter)

    def receive(self, count: int) -> list[Letter]:
        """Return up to ten visible messages, and hide them for the visibility timeout."""
        self._reveal()
        if len(self._in_flight) >= MAX_IN_FLIGHT:
            self.refused_receives += 1
            return []
        received: list[Letter] = []
        while len(received) < count and (letter := self._next()) is not None:
            if self.env.now - letter.sent_s >= RETENTION_S:
                self.lost += 1
                del self.letters[letter.upload]
            elif letter.receives >= self.max_receive_count:
                self.moved += 1
                del self.letters[letter.upload]
            else:
                letter.receives += 1
                received.append(letter)
                self.hide(letter, self.visibility_timeout_s)
        self.received += len(received)
        self.most_in_flight = max(self.most_in_flight, len(self._in_flight))
        return received

    def hide(self, letter: Letter, delay_s: float) -> None:
        """Make the message visible after the delay. It is in flight until then."""
        letter.visible_s = self.env.now + delay_s
        if letter.upload not in self._in_flight:
            self._in_flight[letter.upload] = letter
            letter.received_s = self.env.now
            self._order.begin(letter.group)
        heapq.heappush(self._hidden, (letter.visible_s, next(self._numbers), letter.upload))

    def delete(self, letter: Letter) -> None:
        """Delete the message."""
        self.letters.pop(letter.upload, None)
        self._land(letter.upload)

    def poll(self, count: int) -> Generator[simpy.Event, Any, list[Letter]]:
        """Return up to `count` messages after a long poll; none if no message is visible within 20 s."""
        self._reveal()
        if not self._groups:
            yield from self._wait()
        return self.receive(count)

    def _wait(self) -> Generator[simpy.Event, Any, None]:
        if self._arrival is None or self._arrival.triggered:
            self._arrival = self.env.event()
        until_s = min(LONG_POLL_S, max(0.0, self._next_visible_s() - self.env.now))
        yield self._arrival | self.env.timeout(until_s)

    def _next_visible_s(self) -> float:
        while self._hidden:
            visible_s, _, upload = self._hidden[0]
            letter = self.letters.get(upload)
            if letter is not None and letter.visible_s == visible_s:
                return visible_s
            heapq.heappop(self._hidden)
        return float("inf")

    def _reveal(self) -> None:
        while self._next_visible_s() <= self.env.now:
            letter = self.letters[heapq.heappop(self._hidden)[2]]
            self._land(letter.upload)
            self._show(letter)

    def _show(self, letter: Letter) -> None:
        group = letter.group if self.is_fair else ""
        self._groups.setdefault(group, deque()).append((next(self._numbers), letter.upload))
        if self._arrival is not None and not self._arrival.triggered:
            self._arrival.succeed()

    def _land(self, upload: int) -> None:
        letter = self._in_flight.pop(upload, None)
        if letter is not None:
            now_s = self.env.now
            self._order.end(letter.group, took_s=now_s - letter.received_s, now_s=now_s)

    def _next(self) -> Letter | None:
        """Take the next visible message in the queue's order."""
        if not self._groups:
            return None
        group = self._order.next_group({group: letters[0][0] for group, letters in self._groups.items()})
        _, upload = self._groups[group].popleft()
        if not self._groups[group]:
            del self._groups[group]
        return self.letters[upload]
