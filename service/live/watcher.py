"""A client's subscription to jobs and files: the states that it has not received yet, and the wait for the next one."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from service.views.followed import Followed, Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A state of a job or file, with its event, which is serialized once for all watchers."""

    key: Key
    followed: Followed
    event: bytes
    tag: str
    read_s: float = field(compare=False)
    """The time of the read, by the event loop's clock."""


class Watcher:
    """One client's subscription. It keeps the newest unsent state of each key, however slowly the client reads."""

    __slots__ = ("_pending", "_unfinished", "_waiting", "is_ended", "keys")

    def __init__(self, keys: Iterable[Key]) -> None:
        self.keys = tuple(keys)
        self._unfinished = set(self.keys)
        self._pending: dict[Key, Snapshot] = {}
        self._waiting: asyncio.Future[None] | None = None
        self.is_ended = False

    @property
    def is_over(self) -> bool:
        """True if no state will follow: every key is final and sent, or the watcher was ended."""
        return self.is_ended or not (self._unfinished or self._pending)

    def notify(self, snapshot: Snapshot) -> None:
        """Keep the snapshot for the next `take_pending`."""
        self._pending[snapshot.key] = snapshot
        if snapshot.followed.is_final:
            self._unfinished.discard(snapshot.key)
        self.wake()

    def end(self) -> None:
        """End the subscription: the client left, the service stops, or the state can't be read."""
        self.is_ended = True
        self.wake()

    def wake(self) -> None:
        """End the current wait, if there is one."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self) -> bool:
        """Return True once a state is pending or the watcher has ended, False if only `wake` ended the wait.

        At most one task may wait at a time.
        """
        if not (self._pending or self.is_ended):
            # A future takes less memory than an Event, and a thousand streams wait at a time (bench row "streams").
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return bool(self._pending) or self.is_ended

    def take_pending(self) -> list[Snapshot]:
        """Return the states that have changed since the last call."""
        pending = list(self._pending.values())
        self._pending.clear()
        return pending
