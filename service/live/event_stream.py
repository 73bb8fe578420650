"""Server-Sent Events: a state as an event, and the response that sends a watcher's events until nothing more comes.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.live.hub import Hub, Snapshot, Watcher
from service.views.followed import Followed, JobKey, Key, event_id, final_tag, tag
from transcode.job_view import file_view

SOONEST_RETRY_MS, LATEST_RETRY_MS = 1_000, 4_000
"""When a client comes back to a stream that broke: spread, so that a server's stop sends no herd to the next one."""

LONGEST_S = 3_600.0
"""After which a stream ends, and its client comes back with a token that is still good, perhaps to another server."""

HEARTBEAT = format_sse_event(comment="")


def as_event(key: Key, followed: Followed, *, now_ms: int, playback_base_url: str | None) -> tuple[bytes, str]:
    """Return a state as an event without its id, and the state's tag, which doesn't count the estimate."""
    job = file_view(followed.job, followed.lookup, now_ms=now_ms, playback_base_url=playback_base_url)
    event = format_sse_event(event="progress", data_str=job.model_dump_json())
    if followed.is_final and isinstance(key, JobKey):
        return event, final_tag(key)
    return event, tag(key, job.model_dump_json(exclude={"eta_s"}).encode())


class ProgressStream(Response):
    """A stream of what a client follows, from the snapshots on, without those whose tags it already has.

    Watches for exactly as long as it sends: a response that is never sent holds nothing.
    """

    media_type = EventSourceResponse.media_type

    def __init__(
        self,
        hub: Hub,
        snapshots: Sequence[Snapshot],
        *,
        told: Mapping[Key, str],
        heartbeat_s: float,
    ) -> None:
        """`told` are the tags of what the client already has, of keys that it knows to be final beside the others."""
        self.status_code = 200
        self.background = None
        # X-Accel-Buffering keeps nginx from collecting events.
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._hub = hub
        self._snapshots = snapshots
        self._heartbeat_s = heartbeat_s
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until all is final, the client goes away, or an hour has passed."""
        del scope
        with self._hub.watch(self._snapshots) as watcher:
            async with ending(watcher, receive):
                await self._send(watcher, send)

    async def _send(self, watcher: Watcher, send: Send) -> None:
        tags = dict(self._told)
        missed = [each for each in self._snapshots if tags.get(each.key) != each.tag]
        self._snapshots = ()
        ends_s = asyncio.get_running_loop().time() + LONGEST_S
        retry_ms = random.randint(SOONEST_RETRY_MS, LATEST_RETRY_MS)  # noqa: S311 -- spreads load
        body = format_sse_event(retry=retry_ms) + _events(missed, tags)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while True:
            await send({"type": "http.response.body", "body": body, "more_body": True})
            if watcher.is_over or asyncio.get_running_loop().time() > ends_s:
                break
            has_changed = await watcher.wait(self._heartbeat_s)
            body = _events(watcher.take(), tags) if has_changed else HEARTBEAT
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@asynccontextmanager
async def ending(watcher: Watcher, receive: Receive) -> AsyncIterator[None]:
    """End the watcher as soon as its client goes away, for as long as the context."""

    async def end_with_client() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        watcher.end()

    listening = asyncio.create_task(end_with_client())
    try:
        yield
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


def _events(snapshots: Sequence[Snapshot], tags: dict[Key, str]) -> bytes:
    """Return the events, each with an id that stands for everything said up to it; note in `tags` what was said."""
    body = bytearray()
    for snapshot in snapshots:
        tags[snapshot.key] = snapshot.tag
        body += b"id: " + event_id(tags.values()).encode() + b"\n" + snapshot.event
    return bytes(body)
