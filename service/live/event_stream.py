"""Server-Sent Events: a state as an event, and a client's stream of its watcher's events until all is final.

`ProgressStream` is the response of the route. It sends the head, and hands the open stream to the middleware
`service/api/middleware/stream_runner.py`, which runs it without the request's routing, dependencies and middleware.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.live.heartbeats import Heartbeats
from service.live.hub import Hub
from service.live.limits import retry_ms
from service.live.slots import Slots
from service.live.watcher import Snapshot, Watcher
from service.views.followed import Followed, JobKey, Key, event_id, final_tag, tag
from transcode.job_view import file_view

HEARTBEAT = format_sse_event(comment="")
OPENED_STREAMS = "mediaconvert_status.opened_streams"
"""The key in the request's scope of the list to which a response adds the stream that it has opened."""


def as_event(key: Key, followed: Followed, *, now_ms: int, playback_base_url: str | None) -> tuple[bytes, str]:
    """Return a state as an event without its id, and the state's tag, which ignores the estimates of time."""
    job = file_view(
        followed.job, followed.lookup, place=followed.place, now_ms=now_ms, playback_base_url=playback_base_url
    )
    event = format_sse_event(event="progress", data_str=job.model_dump_json())
    if followed.is_final and isinstance(key, JobKey):
        return event, final_tag(key)
    return event, tag(key, job.model_dump_json(exclude={"eta_s": True, "queue": {"eta_s"}}).encode())


class OpenStream:
    """A stream of one client. Every attribute counts: a process has thousands of these (bench row "streams")."""

    __slots__ = (
        "_caller", "_ends_s", "_heartbeats", "_hub", "_missed", "_slots", "_tags", "_watcher", "at_end", "due_s"
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 -- all but the first are keyword arguments, of one call
        self,
        snapshots: Sequence[Snapshot],
        *,
        delivered: Mapping[Key, str],
        hub: Hub,
        heartbeats: Heartbeats,
        slots: Slots,
        caller: str,
        life_s: float,
    ) -> None:
        """Hold a place in `slots`, and follow the snapshots' keys, until `close`.

        `delivered` has the tags of the states that the client has, also of final jobs that have no snapshot.
        """
        self._tags = dict(delivered)
        self._missed = [each for each in snapshots if delivered.get(each.key) != each.tag]
        self._ends_s = self.due_s = asyncio.get_running_loop().time() + life_s
        self._hub, self._heartbeats, self._slots, self._caller = hub, heartbeats, slots, caller
        self.at_end: Callable[[], None] | None = None
        slots.hold(caller)
        self._watcher = hub.join(snapshots)
        heartbeats.add(self)

    def close(self) -> None:
        """Leave the hub, release the place, and call `at_end`."""
        self._heartbeats.remove(self)
        self._hub.leave(self._watcher)
        self._slots.release(self._caller)
        if self.at_end is not None:
            self.at_end()

    def wake(self) -> None:
        """Send a heartbeat now, or end if the stream's time is over."""
        self._watcher.wake()

    async def run(self, receive: Receive, send: Send) -> None:
        """Send events until every file and job is final, the client disconnects, or the stream's time is over."""
        watcher, loop = self._watcher, asyncio.get_running_loop()
        body = format_sse_event(retry=retry_ms(random.random())) + _events(self._missed, self._tags)  # noqa: S311 -- spreads load
        del self._missed
        async with EndOnDisconnect(watcher, receive):
            while True:
                await send({"type": "http.response.body", "body": body, "more_body": True})
                del body  # during the wait, it would take as much memory as an event
                now_s = loop.time()
                if watcher.is_over or now_s + self._heartbeats.period_s >= self._ends_s:
                    break
                self.due_s = min(now_s + self._heartbeats.interval_s, self._ends_s)
                has_changed = await watcher.wait()
                body = _events(watcher.take_pending(), self._tags) if has_changed else HEARTBEAT
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class ProgressStream(Response):
    """The head of a stream. `open_stream` opens it: a response that is never sent holds no resources."""

    media_type = EventSourceResponse.media_type

    def __init__(self, open_stream: Callable[[], OpenStream]) -> None:
        self.status_code = 200
        self.background = None
        # Without X-Accel-Buffering, nginx would buffer events.
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._open_stream = open_stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open the stream, send the head, and leave the rest to the middleware, which also closes the stream."""
        del receive
        scope[OPENED_STREAMS].append(self._open_stream())
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})


class EndOnDisconnect:
    """A context in which the watcher ends as soon as its client disconnects."""

    __slots__ = ("_receive", "_task", "_watcher")

    def __init__(self, watcher: Watcher, receive: Receive) -> None:
        self._watcher = watcher
        self._receive = receive

    async def __aenter__(self) -> None:
        self._task = asyncio.get_running_loop().create_task(_end_on_disconnect(self._watcher, self._receive))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


async def _end_on_disconnect(watcher: Watcher, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    watcher.end()


def _events(snapshots: Sequence[Snapshot], tags: dict[Key, str]) -> bytes:
    """Return the snapshots' events, and update `tags`. Each event's id lists the tags of all states sent so far."""
    body = bytearray()
    for snapshot in snapshots:
        tags[snapshot.key] = snapshot.tag
        body += b"id: " + event_id(tags.values()).encode() + b"\n" + snapshot.event
    return bytes(body)
