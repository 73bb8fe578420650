"""An event loop whose clock jumps to the next timer: code that sleeps for days runs in the time that its work takes."""

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

MICROSECONDS = 1_000_000
Value = TypeVar("Value")


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that never waits: it adds up for how long it was asked to, in whole microseconds.

    A shorter wait counts as a microsecond. Otherwise rounded times could be a moment before a timer, again and again.
    """

    skipped_us = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; without anything, let the clock jump to the loop's next timer."""
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits for something that no timer of this loop brings")
        if not ready and timeout is not None:
            self.skipped_us += math.ceil(timeout * MICROSECONDS)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop that begins at 0 s. It serves code that does no input or output of its own."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the seconds since the beginning."""
        return self._jumping.skipped_us / MICROSECONDS


def run(main: Coroutine[Any, Any, Value]) -> Value:
    """Run the coroutine on a virtual clock, and return its result."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def now_s() -> float:
    """Return the virtual time of the running loop, in seconds since its beginning."""
    return asyncio.get_running_loop().time()
