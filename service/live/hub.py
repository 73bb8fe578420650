"""Live progress: what somebody watches is read once a tick, and each change handed to everybody who watches it.

One task reads, while anybody watches, and none otherwise. A watcher is no task: it is told in place, keeps only the
newest state of what it was not yet sent, and is forgotten when it leaves.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field

import structlog

from service.live.reader import JobReader
from service.views.followed import Followed, Key
from transcode.aws import is_transient
from transcode.errors import TranscodeError

GIVE_UP_S = 60.0
"""Seconds for which a read may fail before its watchers' streams end; they come back, and learn why as a status."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A state of what is followed, and the event that tells of it, serialized once for all."""

    key: Key
    followed: Followed
    event: bytes
    tag: str
    read_s: float = field(compare=False)
    """The event loop's clock."""


class Watcher:
    """One client's place: what it is still to be told, the newest state of each key only, however slowly it reads."""

    __slots__ = ("_changed", "_open", "_pending", "is_ended")

    def __init__(self, keys: Iterable[Key]) -> None:
        self._open = set(keys)
        self._pending: dict[Key, Snapshot] = {}
        self._changed = asyncio.Event()
        self.is_ended = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come: all is final and taken, or the watcher was ended."""
        return self.is_ended or not (self._open or self._pending)

    def tell(self, snapshot: Snapshot) -> None:
        """Keep the snapshot for the next `take`."""
        self._pending[snapshot.key] = snapshot
        if snapshot.followed.is_final:
            self._open.discard(snapshot.key)
        self._changed.set()

    def end(self) -> None:
        """Let the client go: it left, the service stops, or what it follows can't be read."""
        self.is_ended = True
        self._changed.set()

    async def wait(self, timeout_s: float) -> bool:
        """Return True once there is something to take or the watcher has ended, False after `timeout_s` seconds."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> list[Snapshot]:
        """Return what has changed since the last call."""
        taken = list(self._pending.values())
        self._pending.clear()
        if not self.is_ended:
            self._changed.clear()
        return taken


@dataclass(slots=True, eq=False)
class _Topic:
    """A job or file that somebody watches; `failing_s` is the time of the first of the failures since it was read."""

    newest: Snapshot
    watchers: set[Watcher] = field(default_factory=set)
    failing_s: float | None = None


class Hub:
    """The jobs and files that are watched in this process. Everything happens in one event loop."""

    def __init__(
        self,
        reader: JobReader,
        show: Callable[[Key, Followed], tuple[bytes, str]],
        *,
        tick_s: float,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        """`show` gives the event and the tag of a state."""
        self._reader = reader
        self._show = show
        self._tick_s = tick_s
        self._give_up_s = give_up_s
        self._topics: dict[Key, _Topic] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def watcher_count(self) -> int:
        """How many watchers there are."""
        return len({watcher for topic in self._topics.values() for watcher in topic.watchers})

    async def look(self, key: Key) -> Snapshot:
        """Return the state of a job or file: the one that its watchers know, or where nobody watches it, one read now.

        Raises:
            JobNotFoundError, UploadNotFoundError: There is none, or it has expired.
        """
        topic = self._topics.get(key)
        if topic is not None and topic.failing_s is None:
            return topic.newest
        return self._snapshot(key, await self._reader.follow(key, topic.newest.followed if topic else None))

    @contextmanager
    def watch(self, snapshots: Iterable[Snapshot]) -> Iterator[Watcher]:
        """Give a watcher of what the snapshots are of, who knows these, for as long as the context."""
        unfinished = {snapshot.key: snapshot for snapshot in snapshots if not snapshot.followed.is_final}
        keys = tuple(unfinished)
        watcher = Watcher(keys)
        for snapshot in unfinished.values():
            self._join(watcher, snapshot)
        if self._is_closed:
            watcher.end()
        elif self._topics and self._ticking is None:
            # In a context of its own: it outlives the request that it was begun for, whose id and trace are not its.
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
        """End every watcher, now and from now on, so that streams end before the server waits for them."""
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
            watcher.tell(topic.newest)
        else:
            self._publish(topic, snapshot, but=watcher)

    def _leave(self, watcher: Watcher, key: Key) -> None:
        topic = self._topics.get(key)
        if topic is not None:
            topic.watchers.discard(watcher)
            if not topic.watchers:
                del self._topics[key]
        if not self._topics and self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def _publish(self, topic: _Topic, snapshot: Snapshot, *, but: Watcher | None = None) -> None:
        topic.newest = snapshot
        for watcher in topic.watchers - {but}:
            watcher.tell(snapshot)
        if snapshot.followed.is_final:
            # Whoever watched it knows; nothing more is to be read.
            del self._topics[snapshot.key]

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            await asyncio.gather(*(self._refresh(topic) for topic in list(self._topics.values())))

    async def _refresh(self, topic: _Topic) -> None:
        key = topic.newest.key
        try:
            followed = await self._reader.follow(key, topic.newest.followed)
        except Exception as error:  # noqa: BLE001 -- the edge of the loop: one row's failure is its own
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
            passing = isinstance(error, TranscodeError) or is_transient(error)
            log.warning("live.unread", reason=type(error).__name__, exc_info=None if passing else error)
        elif now_s - topic.failing_s > self._give_up_s:
            for watcher in topic.watchers:
                watcher.end()

    def _snapshot(self, key: Key, followed: Followed) -> Snapshot:
        event, tag = self._show(key, followed)
        return Snapshot(key=key, followed=followed, event=event, tag=tag, read_s=_now_s())


def _now_s() -> float:
    return asyncio.get_running_loop().time()
