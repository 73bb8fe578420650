"""The hub of live progress: it reads each followed job or file when news is due, and notifies its watchers of changes.

One task does the reading, and runs only while there are watchers. A watcher is not a task: the hub notifies it
directly, it keeps only the newest unsent state of each key, and the hub drops it when its client leaves.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field

import structlog

from service.live.limits import stop_delay_s
from service.live.read_schedule import ReadHistory, after_read, first_read, next_read_s
from service.live.reader import JobReader
from service.live.watcher import Snapshot, Watcher
from service.views.followed import Followed, Key
from transcode.errors import TranscodeError
from transcode.failures import is_transient

GIVE_UP_S = 60.0
"""Seconds for which reads of a key may fail before the hub ends its streams.

The clients reconnect, and get an error status with the reason.
"""

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Topic:
    """A job or file with watchers; `failing_s` is the time of the first failure since its last successful read.

    `read_s` and `due_s` are the times of the last and the next read. All three are by the event loop's clock.
    """

    newest: Snapshot
    history: ReadHistory
    read_s: float
    due_s: float
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
        interval_s: float = 10.0,
        give_up_s: float = GIVE_UP_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`serialize` returns the event and the tag of a state; `clock` returns Unix seconds.

        `interval_s` is the interval of a job's progress events, until the hub has observed it.
        """
        self._reader = reader
        self._serialize = serialize
        self._tick_s = tick_s
        self._interval_s = interval_s
        self._give_up_s = give_up_s
        self._clock = clock
        self._topics: dict[Key, _Topic] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def watcher_count(self) -> int:
        """The number of watchers."""
        return len({watcher for topic in self._topics.values() for watcher in topic.watchers})

    @property
    def topic_count(self) -> int:
        """The number of watched jobs and files."""
        return len(self._topics)

    async def current(self, key: Key, *, is_known: Callable[[Snapshot], bool] = lambda _: False) -> Snapshot:
        """Return the state of a job or file, at most a tick old, or the older one that the caller knows.

        A client may have read a newer state than its watchers have, so only a state for which `is_known` is true may be
        older.

        Raises:
            JobNotFoundError, UploadNotFoundError: It doesn't exist, or it has expired.
        """
        topic = self._topics.get(key)
        if topic is None:
            return self._snapshot(key, await self._reader.follow(key))
        is_fresh = _now_s() - topic.read_s <= self._tick_s
        if topic.failing_s is None and (is_fresh or is_known(topic.newest)):
            return topic.newest
        followed = await self._reader.follow(key, topic.newest.followed)
        return self._received(topic, followed, is_requested=True)

    def read_soon(self, *keys: Key) -> None:
        """Read these jobs and files at the next tick if they are watched, because this process has changed them."""
        for key in keys:
            if (topic := self._topics.get(key)) is not None:
                topic.due_s = _now_s()

    @contextmanager
    def watch(self, snapshots: Iterable[Snapshot]) -> Iterator[Watcher]:
        """Yield a watcher of the snapshots' keys, until the context ends. It gets the states after the snapshots."""
        watcher = self.join(snapshots)
        try:
            yield watcher
        finally:
            self.leave(watcher)

    def join(self, snapshots: Iterable[Snapshot]) -> Watcher:
        """Return a watcher of the snapshots' keys, until `leave`. It gets the states after the snapshots."""
        unfinished = [snapshot for snapshot in snapshots if not snapshot.followed.is_final]
        watcher = Watcher(snapshot.key for snapshot in unfinished)
        for snapshot in unfinished:
            self._join(watcher, snapshot)
        if self._is_closed:
            watcher.end()
        elif self._topics and self._ticking is None:
            # The task outlives the request that starts it, so it must not have the request's id and trace.
            self._ticking = asyncio.get_running_loop().create_task(self._tick(), name="tick", context=Context())
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget the watcher: its client gets no more states."""
        for key in watcher.keys:
            self._leave(watcher, key)

    async def close(self) -> None:
        """End every watcher, and stop reading."""
        self.end_watchers()
        if (ticking := self._ticking) is not None:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)

    def end_watchers(self, *, spread_s: float = 0.0) -> None:
        """End every watcher, also future ones, so that streams end before the server waits for them.

        The ends are spread over `spread_s`, so that their clients don't all reconnect at the same moment.
        """
        self._is_closed = True
        loop = asyncio.get_running_loop()
        for watcher in {watcher for topic in self._topics.values() for watcher in topic.watchers}:
            if spread_s:
                loop.call_later(stop_delay_s(random.random(), spread_s=spread_s), watcher.end)  # noqa: S311
            else:
                watcher.end()

    def _join(self, watcher: Watcher, snapshot: Snapshot) -> None:
        topic = self._topics.get(snapshot.key)
        if topic is None:
            topic = self._topics[snapshot.key] = self._new_topic(snapshot)
        topic.watchers.add(watcher)
        if topic.newest.tag == snapshot.tag:
            return
        if topic.newest.read_s > snapshot.read_s:
            watcher.notify(topic.newest)
        else:
            self._publish(topic, snapshot, except_for=watcher)

    def _new_topic(self, snapshot: Snapshot) -> _Topic:
        now_s = self._clock()
        history = first_read(snapshot.followed, now_s=now_s, interval_s=self._interval_s)
        due_s = next_read_s(snapshot.followed, history, now_s=now_s, tick_s=self._tick_s)
        return _Topic(snapshot, history, read_s=snapshot.read_s, due_s=_now_s() + due_s)

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
            await asyncio.sleep(self._tick_s - _now_s() % self._tick_s)
            soon_s = _now_s() + self._tick_s / 2
            due = [topic for topic in self._topics.values() if topic.due_s <= soon_s]
            await asyncio.gather(*map(self._refresh, due))

    async def _refresh(self, topic: _Topic) -> None:
        try:
            followed = await self._reader.follow(topic.newest.key, topic.newest.followed)
        except Exception as error:  # noqa: BLE001 -- the outer level of the loop: one row's failure must not stop it
            self._failed(topic, error)
            return
        self._received(topic, followed)

    def _received(self, topic: _Topic, followed: Followed, *, is_requested: bool = False) -> Snapshot:
        """Notify the topic's watchers if the state has changed, set the time of the next read, and return the state."""
        newest, now_s = topic.newest, self._clock()
        topic.history = after_read(
            topic.history,
            before=newest.followed,
            after=followed,
            now_s=now_s,
            tick_s=self._tick_s,
            is_requested=is_requested,
        )
        topic.failing_s, topic.read_s = None, _now_s()
        topic.due_s = topic.read_s + next_read_s(followed, topic.history, now_s=now_s, tick_s=self._tick_s)
        if followed == newest.followed:
            return newest
        snapshot = self._snapshot(newest.key, followed)
        if self._topics.get(newest.key) is not topic:
            return snapshot
        if snapshot.tag == newest.tag:
            topic.newest = snapshot
        else:
            self._publish(topic, snapshot)
        return snapshot

    def _failed(self, topic: _Topic, error: Exception) -> None:
        now_s = topic.due_s = _now_s()
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
