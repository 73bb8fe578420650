"""The figures of the queues, read once every few seconds for all waiting files that this process shows.

If they can't be read, the last ones serve until they are stale; then the places of files are unknown.
"""

import asyncio

import structlog

from transcode.queue_figures import QueueFigures
from transcode.queue_table import QueueTable

FRESH_S = 5.0
"""Seconds for which the figures are cached; the worker writes them every half a minute."""
TIMEOUT_S = 2.0
"""Seconds for which a response waits for the figures."""

log = structlog.get_logger(__name__)


class QueueFiguresCache:
    """The newest figures that this process has read. All methods must run in one event loop."""

    def __init__(self, table: QueueTable, *, fresh_s: float = FRESH_S) -> None:
        """`fresh_s` is the seconds for which the figures are cached."""
        self._table = table
        self._fresh_s = fresh_s
        self._figures = QueueFigures()
        self._until_s = 0.0
        self._lock = asyncio.Lock()

    async def current(self, *, now_s: int) -> QueueFigures:
        """Return the figures; concurrent callers share one read. `now_s` is Unix seconds."""
        async with self._lock:
            now = asyncio.get_running_loop().time
            if now() >= self._until_s:
                try:
                    async with asyncio.timeout(TIMEOUT_S):
                        self._figures = await self._table.figures(now_s=now_s)
                except Exception as error:  # noqa: BLE001 -- the file's state is worth more than its place
                    log.warning("queue.unread", reason=type(error).__name__)
                self._until_s = now() + self._fresh_s
            return self._figures
