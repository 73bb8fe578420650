"""The middleware that runs streams outside the request's layers."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.testing import capture_logs

from service.api.middleware import request_log
from service.api.middleware.request_log import RequestLog
from service.api.middleware.stream_runner import StreamRunner
from service.live.event_stream import OpenStream, ProgressStream
from service.live.heartbeats import Heartbeats
from service.live.hub import Hub
from service.live.slots import Slots


def _open(slots: Slots) -> OpenStream:
    """Return a stream of nothing, which ends after its first message."""
    hub = Hub(cast("Any", None), cast("Any", None), tick_s=1.0)
    heartbeats = Heartbeats(interval_s=15.0)
    return OpenStream([], delivered={}, hub=hub, heartbeats=heartbeats, slots=slots, caller="ada", life_s=60.0)


def _scope() -> Scope:
    return {"type": "http", "method": "GET", "path": "/events", "headers": [(b"cookie", b"long")], "query_string": b""}


async def _request(app: ASGIApp, scope: Scope) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    async def send(message: Message) -> None:
        sent.append({**message, "scope": dict(scope)})

    await app(scope, receive, send)
    return sent


def _streaming(slots: Slots, after: Callable[[], None] = lambda: None) -> ASGIApp:
    """Return an application whose middleware marks all that it sends."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def _send(message: Message) -> None:
            await send({**message, "is_marked": True})

        await ProgressStream(lambda: _open(slots))(scope, receive, _send)
        after()

    return app


async def test_a_stream_runs_with_the_servers_own_send() -> None:
    """Middleware sees the head; the events don't pass through it."""
    slots = Slots(1, per_caller=1)
    head, *body = await _request(StreamRunner(_streaming(slots)), _scope())
    assert (head["type"], head["is_marked"], head["status"]) == ("http.response.start", True, 200)
    assert [("is_marked" in each, each["more_body"]) for each in body] == [(False, True), (False, False)]
    assert slots.held == 0


async def test_a_stream_keeps_little_of_its_request() -> None:
    """The server keeps the scope until the response ends, and reads the method from it."""
    head, *body = await _request(StreamRunner(_streaming(Slots(1, per_caller=1))), _scope())
    assert head["scope"]["headers"]
    assert body[0]["scope"] == {"type": "http", "method": "GET", "path": "/events", "headers": ()}


async def test_a_stream_is_closed_if_the_application_fails_after_its_head() -> None:
    """Its place is free again."""

    def fail() -> None:
        raise RuntimeError("after the head")

    slots = Slots(1, per_caller=1)
    with pytest.raises(RuntimeError, match="after the head"):
        await _request(StreamRunner(_streaming(slots, fail)), _scope())
    assert slots.held == 0


async def test_the_log_line_of_a_stream_comes_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """So its duration is the stream's."""
    monkeypatch.setattr(request_log.stdlib_logger, "isEnabledFor", lambda _: True)
    lines_at_head: list[int] = []
    with capture_logs() as lines:

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await RequestLog(_streaming(Slots(1, per_caller=1)))(scope, receive, send)
            lines_at_head.append(len(lines))

        await _request(StreamRunner(app), _scope())
    assert lines_at_head == [0]
    assert [(line["event"], line["path"], line["status"]) for line in lines] == [("request.answered", "/events", 200)]
