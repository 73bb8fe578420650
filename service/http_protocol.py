"""uvicorn's HTTP/1.1 protocol with limits: the size of a request's head, deadlines, and the number of connections.

uvicorn with httptools has none of these limits. h11 has one for the head only, and is slower. This module applies
`service/connection_limits.py` to one connection. It knows nothing of routes except the paths of health checks.
"""

import asyncio
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import httptools
import structlog
from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from service.connection_limits import (
    HEALTH_PATHS,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_PIPELINED,
    MAX_URL_BYTES,
    Admission,
    ConnectionLimits,
    admission,
)
from service.http_refusals import refusal_bytes, too_many_connections
from service.request_errors import HeadersTooLargeError, InvalidHttpError, RequestTimeoutError, UrlTooLongError
from transcode.errors import TranscodeError

LOG_EVERY_S = 60.0
"""Minimum seconds between two log lines about too many connections: an attack must not fill the log."""

log = structlog.get_logger(__name__)


class _Stage(Enum):
    """The part of a request that the connection receives."""

    BETWEEN = auto()
    HEAD = auto()
    BODY = auto()


class _Refused(Exception):  # noqa: N818 -- it only ends the parser's call
    """A callback of the parser has refused the request; `HttpProtocol` knows the reason."""


@dataclass(slots=True, kw_only=True)
class OpenConnections:
    """The connections of one server that wait for a request, the one that has waited longest first."""

    limits: ConnectionLimits
    waiting: "dict[HttpProtocol, None]" = field(default_factory=dict)
    replaced: int = 0
    logged_s: float = float("-inf")

    def log_full(self, now_s: float) -> None:
        """Log that the process has too many connections, at most once a minute; `now_s` is monotonic."""
        self.replaced += 1
        if now_s - self.logged_s < LOG_EVERY_S:
            return
        log.warning("connections.full", limit=self.limits.connections, closed=self.replaced)
        self.logged_s, self.replaced = now_s, 0


class _Pipeline(list[tuple[RequestResponseCycle, ASGIApp]]):
    """uvicorn's queue of a connection's requests. A deque would take more memory (bench row "streams")."""

    def appendleft(self, request: tuple[RequestResponseCycle, ASGIApp]) -> None:
        """Add the newest request; `pop` removes the oldest."""
        self.insert(0, request)


class HttpProtocol(HttpToolsProtocol):
    """One connection with limits. A response that has begun, such as a stream, has no deadline while its client reads.

    The parser calls the `on_` methods while `data_received` runs.
    """

    # Python stores up to thirty attributes of an object compactly, and uvicorn's class has nearly as many.
    __slots__ = (
        "_deadline", "_deadline_stage", "_limits", "_others", "_refusal", "_running", "_send_deadline",
        "_serves_only_health", "_stage", "_unparsed_bytes",
    )  # fmt: skip

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        others: OpenConnections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.pipeline = _Pipeline()  # type: ignore[assignment]  # uvicorn's type is the deque
        self._limits = others.limits
        self._others = others
        self._stage = _Stage.BETWEEN
        self._unparsed_bytes = 0
        self._refusal: type[TranscodeError] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._deadline_stage = _Stage.BETWEEN
        self._send_deadline: asyncio.TimerHandle | None = None
        self._running: RequestResponseCycle | None = None
        self._serves_only_health = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own type
        """Serve the connection, at the cost of a waiting one if there are too many, or close it."""
        super().connection_made(transport)
        waiting = self._others.waiting
        match admission(self._limits, connections=len(self.connections), waiting=len(waiting)):
            case Admission.REPLACES_WAITING:
                next(iter(waiting)).abort()
                self._others.log_full(self.loop.time())
            case Admission.HEALTH_ONLY:
                self._serves_only_health = True
            case Admission.REFUSED:
                self._others.log_full(self.loop.time())
                self.abort()
                return
            case Admission.SERVED:
                pass
        waiting[self] = None
        self._set_deadline()

    def abort(self) -> None:
        """Close the connection now, without a response."""
        self._forget()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Notify every request of the connection; uvicorn notifies the newest only."""
        self._forget()
        super().connection_lost(exc)
        for cycle in (self._running, *(each for each, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Parse the bytes, and refuse the request if they exceed a limit."""
        if self._refusal is not None:
            return
        self._unset_keepalive_if_required()
        self._unparsed_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # there are no WebSockets: the request is served as it is
        except httptools.HttpParserError:
            self._refuse(self._reason())
            return
        if self._stage is _Stage.BETWEEN and self.cycle is not None:
            if not self.cycle.response_complete:
                return
            if not self._unparsed_bytes:  # the rest of a body whose response was sent early
                self._set_keep_alive()
                return
        if self._stage is _Stage.HEAD and len(self.url) > MAX_URL_BYTES:
            self._refuse(UrlTooLongError)
        elif self._unparsed_bytes > MAX_HEAD_BYTES:
            self._refuse(HeadersTooLargeError)
        else:
            self._set_deadline()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._stage = _Stage.HEAD

    def on_headers_complete(self) -> None:
        """Start the request, if its head and the number of requests are within the limits."""
        if len(self.url) > MAX_URL_BYTES:
            self._stop_parser(UrlTooLongError)
        is_too_long = self._unparsed_bytes > MAX_HEAD_BYTES and self._head_bytes() > MAX_HEAD_BYTES
        if is_too_long or len(self.headers) > MAX_HEADERS or len(self.pipeline) >= MAX_PIPELINED:
            self._stop_parser(HeadersTooLargeError)
        super().on_headers_complete()
        self.headers = []  # trailers, which follow a body in chunks, are none of the request's headers
        self._stage = _Stage.BODY
        self._unparsed_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Pass a part of the body on."""
        super().on_body(body)
        self._unparsed_bytes = 0

    def on_chunk_complete(self) -> None:
        """Count the next chunk's own header from zero."""
        self._unparsed_bytes = 0

    def on_message_complete(self) -> None:
        """End the request's deadlines."""
        super().on_message_complete()
        self._stage = _Stage.BETWEEN
        self._unparsed_bytes = 0
        self._clear_deadline()
        if not self.cycle.response_complete:
            self._others.waiting.pop(self, None)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._others.waiting[self] = None

    def pause_writing(self) -> None:
        """Give the client time to read."""
        super().pause_writing()
        self._send_deadline = self.loop.call_later(self._limits.send_deadline_s, self.abort)

    def resume_writing(self) -> None:
        """End that time."""
        super().resume_writing()
        if self._send_deadline is not None:
            self._send_deadline.cancel()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]
        self._running = cycle
        if self._serves_only_health:
            cycle.keep_alive = False
            app = app if cycle.scope["path"] in HEALTH_PATHS else too_many_connections
        super()._start_asgi_task(cycle, app)  # type: ignore[arg-type]  # Starlette's and uvicorn's types differ

    def _set_keep_alive(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _stop_parser(self, refusal: type[TranscodeError]) -> None:
        self._refusal = refusal
        raise _Refused

    def _reason(self) -> type[TranscodeError]:
        """Return the error for which a callback stopped the parser, else the one for what it can't parse."""
        return self._refusal or InvalidHttpError

    def _set_deadline(self) -> None:
        """Start the deadline of the request's part; more bytes of the same part don't extend it."""
        stage = _Stage.BODY if self._stage is _Stage.BODY else _Stage.HEAD
        if self._deadline is not None and self._deadline_stage is stage:
            return
        self._clear_deadline()
        limits = self._limits
        seconds = limits.body_deadline_s if stage is _Stage.BODY else limits.head_deadline_s
        self._deadline_stage = stage
        self._deadline = self.loop.call_later(seconds, self._expire)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        if self._stage is _Stage.BETWEEN:
            self.abort()
        else:
            self._refuse(RequestTimeoutError)

    def _forget(self) -> None:
        """Stop the deadlines, and no longer count the connection."""
        self._clear_deadline()
        if self._send_deadline is not None:
            self._send_deadline.cancel()
        self._others.waiting.pop(self, None)
        self.connections.discard(self)

    def _refuse(self, refusal: type[TranscodeError]) -> None:
        """Send the error, unless the client expects another response on this connection, and close it."""
        self._refusal = refusal
        log.info("connection.refused", code=refusal.code, client=self.client[0] if self.client else None)
        can_respond = self._can_respond()
        for cycle in (self.cycle, self._running):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        if not can_respond:
            self.abort()
            return
        self._clear_deadline()
        self.flow.resume_reading()
        self.transport.write(refusal_bytes(refusal, self.server_state.default_headers))
        self.transport.write_eof()
        self._deadline = self.loop.call_later(self._limits.linger_s, self.abort)

    def _can_respond(self) -> bool:
        """Return whether the next response on this connection is the one to the refused request."""
        if self._stage is _Stage.BODY:
            return not self.cycle.response_started and not self.pipeline
        # uvicorn declares no None, which `cycle` is before the first request.
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]
