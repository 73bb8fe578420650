"""The limits of connections, on raw sockets: sizes, deadlines, and a process with too many connections."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from service.connection_limits import MAX_HEAD_BYTES, MAX_HEADERS, MAX_PIPELINED, MAX_URL_BYTES, ConnectionLimits
from service.http_protocol import HttpProtocol, OpenConnections
from tests.integration.serving import DEADLINE_S

GET = b"GET /jobs HTTP/1.1\r\nHost: api\r\n"
FOREVER = ConnectionLimits(connections=100, head_deadline_s=600, body_deadline_s=600, send_deadline_s=600, linger_s=20)


@dataclass(slots=True)
class App:
    """An ASGI application that returns the length of a request's body, or holds the response to `/held`."""

    headers: Any = ()
    running: int = 0
    bodies: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond; a held response ends when its client disconnects."""
        self.headers = scope["headers"]
        self.running += 1
        try:
            body, more = b"", scope["path"] != "/early"
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                body, more = body + message["body"], message["more_body"]
            self.bodies += 1
            await send({"type": "http.response.start", "status": 200, "headers": []})
            if scope["path"] == "/held":
                await send({"type": "http.response.body", "body": b"held", "more_body": True})
                while (await receive())["type"] != "http.disconnect":
                    pass
            if scope["path"] == "/large":
                for _ in range(1_000):
                    await send({"type": "http.response.body", "body": bytes(1024**2), "more_body": True})
            await send({"type": "http.response.body", "body": str(len(body)).encode()})
        finally:
            self.running -= 1


@dataclass(slots=True)
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *parts: bytes) -> None:
        """Send bytes; a server that has closed the connection is no error."""
        try:
            for part in parts:
                self.writer.write(part)
                await self.writer.drain()
        except ConnectionError:
            pass

    async def response(self) -> tuple[int, str]:
        """Return the status and the body of the next response; (0, "") if the connection ends without one."""
        async with asyncio.timeout(DEADLINE_S):
            try:
                head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
                if "content-length: " in head:
                    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
                    body = await self.reader.readexactly(length)
                else:
                    body = await self._chunk()
            except (asyncio.IncompleteReadError, ConnectionError):
                return 0, ""
        return int(head.split()[1]), body.decode()

    async def code(self) -> tuple[int, str]:
        """Return the status and the error code of the next response, which must be the connection's last."""
        status, body = await self.response()
        assert await self.is_closed()
        return status, json.loads(body)["code"]

    async def is_closed(self) -> bool:
        """Return True once the server closes the connection."""
        async with asyncio.timeout(DEADLINE_S):
            try:
                while await self.reader.read(1024**2):
                    pass
            except ConnectionError:
                pass
        return True

    async def _chunk(self) -> bytes:
        length = int(await self.reader.readuntil(b"\r\n"), 16)
        body = await self.reader.readexactly(length)
        await self.reader.readexactly(2)
        if body != b"held":
            await self.reader.readexactly(5)
        return body


@dataclass(slots=True)
class Served:
    """A server of the application."""

    app: App
    port: int
    stack: AsyncExitStack
    connections: set[Any]

    async def client(self) -> Client:
        """Return a new connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.stack.callback(writer.close)
        return Client(reader, writer)

    async def get(self, path: str) -> tuple[int, str]:
        """Return the response on a connection of its own, which the client keeps."""
        client = await self.client()
        await client.send(f"GET {path} HTTP/1.1\r\nHost: api\r\n\r\n".encode())
        return await client.response()


@asynccontextmanager
async def serving(limits: ConnectionLimits = FOREVER) -> AsyncIterator[Served]:
    """Serve the application with these limits."""
    app = App()
    protocol: Any = partial(HttpProtocol, others=OpenConnections(limits=limits))
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, lifespan="off", http=protocol, ws="none", proxy_headers=False
    )
    listener = config.bind_socket()
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(DEADLINE_S), AsyncExitStack() as stack:
        while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield Served(app, listener.getsockname()[1], stack, server.server_state.connections)
    server.should_exit = True
    await asyncio.wait_for(task, DEADLINE_S)
    listener.close()


async def until(holds: Any) -> None:  # noqa: ANN401 -- a condition
    """Return once the condition holds."""
    async with asyncio.timeout(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 -- a condition of any kind, with a deadline
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([GET, b"X-Long: " + b"a" * MAX_HEAD_BYTES], (431, "headers_too_large")),
        ([GET + b"X-Long: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n"], (431, "headers_too_large")),
        ([GET, b"X-Many: 1\r\n" * (MAX_HEADERS + 1), b"\r\n"], (431, "headers_too_large")),
        ([GET, b"X-Long: ", *[b"a" * 65_536] * 1_024], (431, "headers_too_large")),
        ([b"GET /" + b"a" * (MAX_URL_BYTES + 1)], (414, "url_too_long")),
        ([b"GET /?" + b"a=b&" * (MAX_URL_BYTES // 4 + 1), b" HTTP/1.1\r\n\r\n"], (414, "url_too_long")),
        ([b"NONSENSE\r\n\r\n"], (400, "invalid_http")),
        ([b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 300_000], (431, "headers_too_large")),
        (
            [b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: ", b"a" * 300_000],
            (431, "headers_too_large"),
        ),
    ],
)
async def test_a_request_that_is_too_long_is_refused_while_it_arrives(
    parts: list[bytes], expected: tuple[int, str]
) -> None:
    """Headers, the URL, and the headers of chunks; the client can read the response although it still sends."""
    async with serving() as served:
        client = await served.client()
        await client.send(*parts)
        assert await client.code() == expected
        assert served.app.bodies == 0
        assert await served.get("/healthz") == (200, "0")


async def test_a_request_within_the_limits_is_served() -> None:
    """A long URL, a long token, many headers, and a body that is longer than the head may be."""
    head = [b"POST /?", b"a" * (MAX_URL_BYTES - 10), b" HTTP/1.1\r\nContent-Length: 300000\r\n"]
    head += [b"Authorization: ", b"b" * 12_000, b"\r\n", b"X-Many: 1\r\n" * (MAX_HEADERS - 2), b"\r\n"]
    async with serving() as served:
        client = await served.client()
        await client.send(b"".join(head) + b"c" * 300_000)
        assert await client.response() == (200, "300000")
        await client.send(*head, b"c" * 300_000)
        assert await client.response() == (200, "300000")


async def test_trailers_are_none_of_the_headers() -> None:
    """A proxy may check headers, and let trailers through."""
    async with serving() as served:
        client = await served.client()
        await client.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Secret: 1\r\n\r\n")
        assert await client.response() == (200, "1")
        assert served.app.headers == [(b"transfer-encoding", b"chunked")]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"", (0, "")),
        (b"\r\n\r\n", (0, "")),
        (b"GET / HTTP", (408, "request_timeout")),
        (GET, (408, "request_timeout")),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\na", (408, "request_timeout")),
    ],
)
@pytest.mark.parametrize("is_later", [False, True])
async def test_a_request_that_does_not_arrive_in_time_ends_its_connection(
    sent: bytes, expected: tuple[int, str], *, is_later: bool
) -> None:
    """The first request of a connection, and a later one; the application gets no incomplete body."""
    limits = ConnectionLimits(connections=100, head_deadline_s=1, body_deadline_s=1, linger_s=0.1)
    if is_later and not sent:
        return  # an idle connection stays open for KEEP_ALIVE_S
    async with serving(limits) as served:
        client = await served.client()
        if is_later:
            await client.send(GET + b"\r\n")
            assert await client.response() == (200, "0")
        await client.send(sent)
        status, body = await client.response()
        assert (status, json.loads(body)["code"] if body else "") == expected
        assert await client.is_closed()
        await until(lambda: not served.app.running)


async def test_bytes_that_keep_arriving_do_not_extend_a_deadline() -> None:
    """A client that sends a header every few seconds could otherwise hold a connection forever."""
    async with serving(ConnectionLimits(connections=100, head_deadline_s=0.3, linger_s=0.1)) as served:
        client = await served.client()
        reading = asyncio.create_task(client.code())
        await client.send(GET)
        while not reading.done():
            await client.send(b"X: 1\r\n")
            await asyncio.sleep(0.02)
        assert await reading == (408, "request_timeout")


async def test_a_response_that_has_begun_has_no_deadline() -> None:
    """A stream outlives the deadlines for headers and bodies, and an idle connection the one for headers."""
    limits = ConnectionLimits(connections=100, head_deadline_s=1, body_deadline_s=1, linger_s=0.1)
    async with serving(limits) as served:
        client = await served.client()
        await client.send(b"GET /held HTTP/1.1\r\n\r\n")
        assert await client.response() == (200, "held")
        idle = await served.client()
        await idle.send(GET + b"\r\n")
        assert await idle.response() == (200, "0")
        assert await (await served.client()).is_closed()  # after the deadline
        await idle.send(GET + b"\r\n")
        assert await idle.response() == (200, "0")
        assert served.app.running == 1


async def test_a_body_that_arrives_after_its_response_leaves_the_connection_open() -> None:
    """The load balancer keeps such a connection for its next request, so the deadline for headers must not end it."""
    async with serving(ConnectionLimits(connections=100, head_deadline_s=1, linger_s=0.1)) as served:
        client = await served.client()
        await client.send(b"POST /early HTTP/1.1\r\nContent-Length: 4\r\n\r\n")
        assert await client.response() == (200, "0")
        await client.send(b"body")
        assert await (await served.client()).is_closed()  # after the deadline
        await client.send(GET + b"\r\n")
        assert await client.response() == (200, "0")


async def test_a_client_that_reads_nothing_loses_its_connection() -> None:
    """Its stream would otherwise hold a place for as long as the client likes."""
    async with serving(ConnectionLimits(connections=100, send_deadline_s=0.2)) as served:
        client = await served.client()
        await client.send(b"GET /large HTTP/1.1\r\n\r\n")
        await until(lambda: served.app.bodies)
        await until(lambda: not served.app.running)


async def test_silent_connections_make_room_for_new_ones() -> None:
    """The one that has waited longest is closed; the responses in progress stay."""
    async with serving(ConnectionLimits(connections=10, reserved=2)) as served:
        held = await served.client()
        await held.send(b"GET /held HTTP/1.1\r\n\r\n")
        assert await held.response() == (200, "held")
        with capture_logs() as lines:
            silent = [await served.client() for _ in range(30)]
            assert await served.get("/healthz") == (200, "0")
            assert await served.get("/jobs") == (200, "0")
        assert await silent[0].is_closed()
        assert len(served.connections) <= 10
        assert served.app.running == 1
        assert [line["event"] for line in lines] == ["connections.full"]


async def test_a_process_full_of_responses_serves_health_checks_only() -> None:
    """Streams and long polls have limits of their own below this one; other requests get 503."""
    async with serving(ConnectionLimits(connections=5, reserved=2)) as served:
        for _ in range(5):
            assert await served.get("/held") == (200, "held")
        assert await served.get("/healthz") == (200, "0")
        status, body = await served.get("/jobs")
        assert (status, json.loads(body)["code"]) == (503, "too_many_connections")
        await until(lambda: len(served.connections) == 5)
        waiting = [await served.client() for _ in range(3)]
        assert await waiting[0].is_closed()
        assert len(served.connections) <= 7


async def test_a_pipelined_request_does_not_hide_a_disconnect() -> None:
    """A stream before it would otherwise hold its place although its client has left."""
    async with serving() as served:
        client = await served.client()
        await client.send(b"GET /held HTTP/1.1\r\n\r\n" + GET + b"\r\n")
        assert await client.response() == (200, "held")
        client.writer.close()
        await until(lambda: not served.app.running)


async def test_pipelined_requests_are_served_in_order_up_to_a_number() -> None:
    """Thousands of them fit into one segment, and each takes memory."""
    async with serving() as served:
        client = await served.client()
        await client.send((GET + b"\r\n") * MAX_PIPELINED)
        assert [await client.response() for _ in range(MAX_PIPELINED)] == [(200, "0")] * MAX_PIPELINED
        await client.send((GET + b"\r\n") * 1_000)
        assert await client.is_closed()
        await until(lambda: not served.app.running)
        assert served.app.bodies < 100
