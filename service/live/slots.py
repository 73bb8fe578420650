"""The clients that a process holds at the moment, against the numbers that it may hold: in all, and of one caller."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Slots:
    """A counted number of places for clients. All methods must run in one event loop."""

    __slots__ = ("_of_callers", "held", "limit", "per_caller")

    def __init__(self, limit: int, *, per_caller: int) -> None:
        self.limit = limit
        self.per_caller = per_caller
        self.held = 0
        self._of_callers: Counter[str] = Counter()

    @property
    def is_full(self) -> bool:
        """True if one more client would exceed the limit."""
        return self.held >= self.limit

    def is_full_for(self, caller: str) -> bool:
        """Return whether one more client of this caller would exceed the limit of one caller."""
        return self._of_callers[caller] >= self.per_caller

    def hold(self, caller: str) -> None:
        """Hold a place until `release`. Check both limits first, without an `await` between."""
        self.held += 1
        self._of_callers[caller] += 1

    def release(self, caller: str) -> None:
        """Release a place that the caller held."""
        self.held -= 1
        self._of_callers[caller] -= 1
        if not self._of_callers[caller]:
            del self._of_callers[caller]

    @contextmanager
    def take(self, caller: str) -> Iterator[None]:
        """Hold a place while the context is open. Check both limits first, without an `await` between."""
        self.hold(caller)
        try:
            yield
        finally:
            self.release(caller)
