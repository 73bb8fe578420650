"""Server-Sent Events: a state as an event, and the response that streams a watcher's events until all is final.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager

from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.live.hub import Hub, Snapshot, Watcher
from service.live.limits import retry_ms
from service.views.followed import Followed, JobKey, Key, event_id, final_tag, tag
from transcode.job_view import file_view

HEARTBEAT = format_sse_event(comment="")


def as_event(key: Key, followed: Followed, *, now_ms: int, playback_base_url: str | None) -> tuple[bytes, str]:
    """Return a state as an event without its id, and the state's tag, which ignores the estimates of time."""
    job = file_view(
        followed.job, followed.lookup, place=followed.place, now_ms=now_ms, playback_base_url=playback_base_url
    )
    event = format_sse_event(event="progress", data_str=job.model_dump_json())
    if followed.is_final and isinstance(key, JobKey):
        return event, final_tag(key)
    return event, tag(key, job.model_dump_json(exclude={"eta_s": True, "queue": {"eta_s"}}).encode())


class ProgressStream(Response):
    """A stream of the files and jobs that a client follows: first the snapshots that it doesn't have, then changes.

    The response registers its watcher only while it is sent, so a response that is never sent holds no resources.
    """

    media_type = EventSourceResponse.media_type

    def __init__(
        self,
        hub: Hub,
        snapshots: Sequence[Snapshot],
        *,
        delivered: Mapping[Key, str],
        heartbeat_s: float,
        life_s: float,
        place: AbstractContextManager[None],
    ) -> None:
        """`delivered` has the tags of the states that the client has, also of final jobs that have no snapshot.

        The stream ends after `life_s`, and holds `place` while it is sent.
        """
        self.status_code = 200
        self.background = None
        # Without X-Accel-Buffering, nginx would buffer events.
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._hub = hub
        self._snapshots = snapshots
        self._heartbeat_s = heartbeat_s
        self._delivered = delivered
        self._life_s = life_s
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until every file and job is final, the client disconnects, or the stream's time is over."""
        del scope
        with self._place, self._hub.watch(self._snapshots) as watcher:
            async with end_on_disconnect(watcher, receive):
                await self._send(watcher, send)

    async def _send(self, watcher: Watcher, send: Send) -> None:
        tags = dict(self._delivered)
        missed = [each for each in self._snapshots if tags.get(each.key) != each.tag]
        self._snapshots = ()
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + self._life_s
        body = format_sse_event(retry=retry_ms(random.random())) + _events(missed, tags)  # noqa: S311 -- spreads load
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while True:
            await send({"type": "http.response.body", "body": body, "more_body": True})
            left_s = ends_s - loop.time()
            if watcher.is_over or left_s <= 0:
                break
            has_changed = await watcher.wait(min(self._heartbeat_s, left_s))
            body = _events(watcher.take_pending(), tags) if has_changed else HEARTBEAT
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@asynccontextmanager
async def end_on_disconnect(watcher: Watcher, receive: Receive) -> AsyncIterator[None]:
    """End the watcher as soon as its client disconnects, while the context is open."""

    async def wait_for_disconnect() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        watcher.end()

    waiting = asyncio.create_task(wait_for_disconnect())
    try:
        yield
    finally:
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting


def _events(snapshots: Sequence[Snapshot], tags: dict[Key, str]) -> bytes:
    """Return the snapshots' events, and update `tags`. Each event's id lists the tags of all states sent so far."""
    body = bytearray()
    for snapshot in snapshots:
        tags[snapshot.key] = snapshot.tag
        body += b"id: " + event_id(tags.values()).encode() + b"\n" + snapshot.event
    return bytes(body)
