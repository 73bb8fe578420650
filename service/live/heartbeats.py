"""One timer for the heartbeats and the ends of all streams of a process, instead of one timer for each wait.

It wakes each stream whose time has come. A stream decides itself whether it then sends a comment or ends.
"""

import asyncio
from contextvars import Context
from typing import Protocol

MAX_PERIOD_S = 1.0


class Timed(Protocol):
    """A stream that must be woken at `due_s` at the latest, by the event loop's clock."""

    due_s: float

    def wake(self) -> None:
        """End the stream's wait for a change."""


class Heartbeats:
    """The streams of a process. Its task runs only while there are streams."""

    def __init__(self, *, interval_s: float) -> None:
        """`interval_s` is the longest silence of a stream."""
        self.interval_s = interval_s
        self.period_s = min(MAX_PERIOD_S, interval_s)
        self._streams: set[Timed] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, stream: Timed) -> None:
        """Wake the stream from now on."""
        self._streams.add(stream)
        if self._task is None:
            # The task outlives the request that starts it, so it must not have the request's id and trace.
            self._task = asyncio.get_running_loop().create_task(self._run(), name="heartbeats", context=Context())

    def remove(self, stream: Timed) -> None:
        """Leave the stream alone from now on."""
        self._streams.discard(stream)
        if not self._streams and self._task is not None:
            self._task.cancel()
            self._task = None

    def wake_due(self, now_s: float) -> None:
        """Wake each stream that is due before the next call, a period later: a proxy counts the seconds of silence."""
        for stream in [each for each in self._streams if each.due_s <= now_s + self.period_s]:
            stream.wake()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.period_s)
            self.wake_due(loop.time())
