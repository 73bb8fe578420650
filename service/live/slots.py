"""The clients that a process holds at the moment, against the number that it may hold."""

from collections.abc import Iterator
from contextlib import contextmanager


class Slots:
    """A counted number of places for clients. All methods must run in one event loop."""

    __slots__ = ("held", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0

    @property
    def is_full(self) -> bool:
        """True if one more client would exceed the limit."""
        return self.held >= self.limit

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold a place while the context is open. Check `is_full` first, without an `await` between."""
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1
