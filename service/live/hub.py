"""The hub of live progress: it reads each followed job or file once per tick, and passes each change to its watchers.

One task does the reading, and runs only while there are watchers. A watcher is not a task: the hub notifies it
directly, it keeps only the newest unsent state of each key, and the hub drops it when its client leaves.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field

import structlog

from service.live.reader import JobReader
from service.views.followed import Followed, Key
from transcode.errors import TranscodeError
from transcode.failures import is_transient

GIVE_UP_S = 60.0
"""Seconds for which reads of a key may fail before the hub ends its streams.

The clients reconnect, and get an error status with the reason.
"""

log = structlog.get_logger(__name__)


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

    __slots__ = ("_changed", "_pending", "_unfinished", "is_ended")

    def __init__(self, keys: Iterable[Key]) -> None:
        self._unfinished = set(keys)
        self._pending: dict[Key, Snapshot] = {}
        self._changed = asyncio.Event()
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
        self._changed.set()

    def end(self) -> None:
        """End the subscription: the client left, the service stops, or the state can't be read."""
        self.is_ended = True
        self._changed.set()

    async def wait(self, timeout_s: float) -> bool:
        """Return True once a state is pending or the watcher has ended, False after `timeout_s` seconds."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def take_pending(self) -> list[Snapshot]:
        """Return the states that have changed since the last call."""
        pending = list(self._pending.values())
        self._pending.clear()
        if not self.is_ended:
            self._changed.clear()
        return pending


@dataclass(slots=True, eq=False)
class _Topic:
    """A job or file with watchers; `failing_s` is the time of the first failure since its last successful read."""

    newest: Snapshot
    watchers: set[Watcher] = field(default_factory=set)
    failing_s: float | None = None


class Hub:
    """The jobs and files that this process's clients follow. All methods must run in one event loop."""

    def __init__(
        self,
        reader: JobReader,
        serialize: Callable[[Key, Followed], tuple[bytes, str]],
        *,
        tick_s: float,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        """`serialize` returns the event and the tag of a state."""
        self._reader = reader
        self._serialize = serialize
        self._tick_s = tick_s
        self._give_up_s = give_up_s
        self._topics: dict[Key, _Topic] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def watcher_count(self) -> int:
        """The number of watchers."""
        return len({watcher for topic in self._topics.values() for watcher in topic.watchers})

    async def current(self, key: Key) -> Snapshot:
        """Return the state of a job or file: the newest that its watchers have, or without watchers a new read.

        Raises:
            JobNotFoundError, UploadNotFoundError: It doesn't exist, or it has expired.
        """
        topic = self._topics.get(key)
        if topic is not None and topic.failing_s is None:
            return topic.newest
        return self._snapshot(key, await self._reader.follow(key, topic.newest.followed if topic else None))

    @contextmanager
    def watch(self, snapshots: Iterable[Snapshot]) -> Iterator[Watcher]:
        """Yield a watcher of the snapshots' keys, until the context ends. It gets the states after the snapshots."""
        unfinished = {snapshot.key: snapshot for snapshot in snapshots if not snapshot.followed.is_final}
        keys = tuple(unfinished)
        watcher = Watcher(keys)
        for snapshot in unfinished.values():
            self._join(watcher, snapshot)
        if self._is_closed:
            watcher.end()
        elif self._topics and self._ticking is None:
            # The task outlives the request that starts it, so it must not have the request's id and trace.
            self._ticking = asyncio.get_running_loop().create_task(self._tick(), name="tick", context=Context())
        try:
            yield watcher
        finally:
            for key in keys:
                self._leave(watcher, key)

    async def close(self) -> None:
        """End every watcher, and stop reading."""
        self.end_watchers()
        if (ticking := self._ticking) is not None:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)

    def end_watchers(self) -> None:
        """End every watcher, also future ones, so that streams end before the server waits for them."""
        self._is_closed = True
        for topic in self._topics.values():
            for watcher in topic.watchers:
                watcher.end()

    def _join(self, watcher: Watcher, snapshot: Snapshot) -> None:
        topic = self._topics.get(snapshot.key)
        if topic is None:
            topic = self._topics[snapshot.key] = _Topic(snapshot)
        topic.watchers.add(watcher)
        if topic.newest.tag == snapshot.tag:
            return
        if topic.newest.read_s > snapshot.read_s:
            watcher.notify(topic.newest)
        else:
            self._publish(topic, snapshot, except_for=watcher)

    def _leave(self, watcher: Watcher, key: Key) -> None:
        topic = self._topics.get(key)
        if topic is not None:
            topic.watchers.discard(watcher)
            if not topic.watchers:
                del self._topics[key]
        if not self._topics and self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def _publish(self, topic: _Topic, snapshot: Snapshot, *, except_for: Watcher | None = None) -> None:
        topic.newest = snapshot
        for watcher in topic.watchers - {except_for}:
            watcher.notify(snapshot)
        if snapshot.followed.is_final:
            # Every watcher now has the final state, so nothing is left to read.
            del self._topics[snapshot.key]

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            await asyncio.gather(*(self._refresh(topic) for topic in list(self._topics.values())))

    async def _refresh(self, topic: _Topic) -> None:
        key = topic.newest.key
        try:
            followed = await self._reader.follow(key, topic.newest.followed)
        except Exception as error:  # noqa: BLE001 -- the outer level of the loop: one row's failure must not stop it
            self._failed(topic, error)
            return
        topic.failing_s = None
        if self._topics.get(key) is not topic or followed == topic.newest.followed:
            return
        snapshot = self._snapshot(key, followed)
        if snapshot.tag == topic.newest.tag:
            topic.newest = snapshot
        else:
            self._publish(topic, snapshot)

    def _failed(self, topic: _Topic, error: Exception) -> None:
        now_s = _now_s()
        if topic.failing_s is None:
            topic.failing_s = now_s
            is_expected = isinstance(error, TranscodeError) or is_transient(error)
            log.warning("live.unread", reason=type(error).__name__, exc_info=None if is_expected else error)
        elif now_s - topic.failing_s > self._give_up_s:
            for watcher in topic.watchers:
                watcher.end()

    def _snapshot(self, key: Key, followed: Followed) -> Snapshot:
        event, tag = self._serialize(key, followed)
        return Snapshot(key=key, followed=followed, event=event, tag=tag, read_s=_now_s())


def _now_s() -> float:
    return asyncio.get_running_loop().time()
