"""The Python client follows a job through streams that break, polls, and outages; time is simulated."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest

from mediaconvert_status_client.errors import ApiError, ClientError, UnreachableError, UploadMissingError
from mediaconvert_status_client.following import Following

Reply = httpx.Response | type[httpx.TransportError]


def job(status: str, percent: int | None = None) -> dict[str, Any]:
    """Return a job as the API sends it, with the fields that matter here."""
    return {"job_id": None if status == "AWAITING_UPLOAD" else "1-a", "status": status, "progress_percent": percent}


def stream(*states: dict[str, Any], retry_ms: int = 10) -> httpx.Response:
    """Return a stream that sends these states and ends."""
    events = [f"id: {n}\nevent: progress\ndata: {json.dumps(state)}\n\n" for n, state in enumerate(states)]
    return httpx.Response(200, text=f"retry: {retry_ms}\n\n" + "".join(events))


def refusal(status: int, code: str, **headers: str) -> httpx.Response:
    """Return an error of the API."""
    return httpx.Response(status, json={"detail": "No.", "code": code}, headers=headers)


class Scene:
    """An API with scripted replies by path, and a clock that only sleeping advances."""

    def __init__(self, *, events: Sequence[Reply], jobs: Sequence[Reply] = (), polls: Sequence[Reply] = ()) -> None:
        self.now_s = 0.0
        self.requests: list[httpx.Request] = []
        self._replies = {"/events": list(events), "/jobs": list(jobs), "/jobs/1-a/progress": list(polls)}

    async def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.now_s += seconds

    async def follow(self, *, arrives_within_s: float | None = None) -> list[tuple[str, int | None]]:
        """Return the states that the caller gets."""
        async with httpx.AsyncClient(base_url="http://api", transport=httpx.MockTransport(self._reply)) as api:
            following = Following(
                api,
                input_file="a",
                arrives_within_s=arrives_within_s,
                clock=lambda: self.now_s,
                sleep=self.sleep,
            )
            return [(each["status"], each["progress_percent"]) async for each in following.jobs()]

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        replies = self._replies[request.url.path]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, type):
            raise reply("broken")
        return reply

    def count(self, path: str) -> int:
        """Return the number of requests of this path."""
        return sum(request.url.path == path for request in self.requests)


RUNNING, HALF, DONE = job("PROGRESSING", 10), job("PROGRESSING", 50), job("COMPLETE", 100)
STATES = [("PROGRESSING", 10), ("PROGRESSING", 50), ("COMPLETE", 100)]


async def test_a_stream_gives_each_state_once() -> None:
    """One request is enough."""
    scene = Scene(events=[stream(RUNNING, RUNNING, HALF, DONE)])
    assert await scene.follow() == STATES
    assert len(scene.requests) == 1


async def test_a_stream_that_ends_early_is_continued_after_its_last_event() -> None:
    """The service ends streams, and says when to come back."""
    scene = Scene(events=[stream(RUNNING, HALF, retry_ms=4000), stream(HALF, DONE)])
    assert await scene.follow() == STATES
    assert scene.requests[1].headers["Last-Event-ID"] == "1"
    assert scene.now_s == 4


async def test_nothing_new_after_the_final_state_is_read_from_the_job() -> None:
    """The service responds 204 to a client that has all final states."""
    scene = Scene(events=[stream(RUNNING), httpx.Response(204)], jobs=[httpx.Response(200, json=DONE)])
    assert await scene.follow() == [STATES[0], STATES[2]]


async def test_without_streams_long_polls_wait_for_changes() -> None:
    """A deployment on Lambda responds 501 to streams."""
    replies = [httpx.Response(200, json=state) for state in (RUNNING, RUNNING, HALF, DONE)]
    polls = [httpx.Response(200, json={}, headers={"ETag": '"1"'}), httpx.Response(304, headers={"ETag": '"1"'})]
    scene = Scene(events=[refusal(501, "streaming_unavailable")], jobs=replies, polls=polls)
    assert await scene.follow() == STATES
    held = [request for request in scene.requests if request.url.path.endswith("/progress")]
    assert [request.headers.get("If-None-Match") for request in held] == [None, '"1"', '"1"']
    assert (scene.count("/events"), held[0].url.params["wait_s"]) == (1, "20")


async def test_streams_that_break_are_replaced_by_polls_for_a_minute() -> None:
    """A proxy may break streams only."""
    replies = [*[httpx.Response(200, json=RUNNING)] * 80, httpx.Response(200, json=DONE)]
    polls = [httpx.Response(304)]
    scene = Scene(events=[httpx.ReadError, httpx.ReadError, stream(HALF, DONE)], jobs=replies, polls=polls)
    assert await scene.follow() == STATES
    assert 60 <= scene.now_s < 70


async def test_a_process_without_room_for_streams_is_polled() -> None:
    """It says when to try again; after a refused long poll, the client sends short ones."""
    full = refusal(503, "too_many_streams", **{"Retry-After": "5"})
    polls = [refusal(503, "too_many_long_polls", **{"Retry-After": "2"})]
    replies = [httpx.Response(200, json=RUNNING)]
    scene = Scene(events=[full, full, stream(HALF, DONE)], jobs=replies, polls=polls)
    assert await scene.follow() == STATES
    assert (scene.count("/jobs/1-a/progress"), scene.count("/events")) == (1, 3)


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [(httpx.ConnectError, UnreachableError, "network"), (refusal(503, "aws_unavailable"), ApiError, "aws_unavailable")],
)
async def test_an_outage_of_a_minute_ends_with_its_error(reply: Reply, error: type[ClientError], code: str) -> None:
    """Shorter ones don't end the following."""
    scene = Scene(events=[reply], jobs=[reply])
    with pytest.raises(error) as raised:
        await scene.follow()
    assert raised.value.code == code
    assert 60 < scene.now_s < 90
    assert await Scene(events=[reply], jobs=[reply, httpx.Response(200, json=DONE)]).follow() == STATES[-1:]


async def test_a_refusal_that_no_retry_changes_is_raised_at_once() -> None:
    """For example the job of another caller."""
    scene = Scene(events=[refusal(404, "job_not_found")])
    with pytest.raises(ApiError) as raised:
        await scene.follow()
    assert (raised.value.status, raised.value.code, len(scene.requests)) == (404, "job_not_found", 1)


async def test_an_upload_that_never_arrives_ends_the_wait() -> None:
    """Only if the caller has uploaded the file itself."""
    waiting = httpx.Response(200, json=job("AWAITING_UPLOAD"))
    scene = Scene(events=[refusal(501, "streaming_unavailable")], jobs=[waiting])
    with pytest.raises(UploadMissingError):
        await scene.follow(arrives_within_s=60)
    assert 60 < scene.now_s < 70


async def test_a_stream_without_a_first_byte_is_replaced_by_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that buffers streams holds every byte back."""
    monkeypatch.setattr("mediaconvert_status_client.following.FIRST_BYTE_TIMEOUT_S", 0)

    class Silent(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            await held.wait()
            yield b""

    held = asyncio.Event()
    scene = Scene(events=[httpx.Response(200, stream=Silent())], jobs=[httpx.Response(200, json=DONE)])
    assert await scene.follow() == [STATES[-1]]
