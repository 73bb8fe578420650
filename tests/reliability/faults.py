"""A proxy before AWS that causes faults: throttling, errors, resets, silence, slowness; at a rate or in bursts.

It reads one request of each connection. It either responds itself, or forwards the bytes in both directions. It changes
only the Connection header of a request, so the signature, which covers the Host header, stays valid.
"""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["throttle", "error", "refuse", "reset", "reset after", "silence", "slow"]

KINDS: tuple[Fault, ...] = ("throttle", "error", "refuse", "reset", "reset after", "silence", "slow")
SLOW_CHUNK = 64
SLOW_PAUSE_S = 0.05
SILENCE_S = 60.0


@dataclass(slots=True)
class FaultSettings:
    """The faults that requests get: `rate` of them get one of `kinds`, evenly distributed; may be changed at any time.

    With `only`, other requests get none: those without these bytes in their head.
    """

    rate: float = 0.0
    kinds: tuple[Fault, ...] = KINDS
    only: bytes = b""
    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 -- not for secrets
    counts: Counter[str] = field(default_factory=Counter)

    def fault(self, head: bytes) -> Fault | None:
        """Return the fault of this request."""
        is_met = self.only in head and self.rng.random() < self.rate
        kind = self.rng.choice(self.kinds) if is_met else None
        self.counts[kind or "no fault"] += 1
        return kind


class Proxy:
    """The proxy of one upstream."""

    def __init__(self, upstream_port: int, faults: FaultSettings) -> None:
        self._upstream_port = upstream_port
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, stop: asyncio.Event, listening: "list[int]", ready: threading.Event) -> None:
        """Serve on a free port, which is appended to `listening`, until stopped."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        listening.append(server.sockets[0].getsockname()[1])
        ready.set()
        await stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._handle(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                head = await reader.readuntil(b"\r\n\r\n")
                await self._respond(head, self._faults.fault(head), reader, writer)
        finally:
            writer.close()

    async def _respond(
        self, head: bytes, fault: Fault | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        match fault:
            case "throttle":
                await _send_error(writer, *_throttled(head))
            case "error":
                await _send_error(writer, 500, "InternalServerError")
            case "refuse":
                await _send_error(writer, 503, "ServiceUnavailable")
            case "reset":
                writer.transport.abort()
            case "silence":
                await asyncio.sleep(SILENCE_S)
            case _:
                await self._forward(head, fault, reader, writer)

    async def _forward(
        self, head: bytes, fault: Fault | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        try:
            up_writer.write(_closing(head))
            sending = asyncio.create_task(_copy(reader, up_writer))
            if fault == "reset after":  # AWS handles the request, but the client gets no response
                await up_reader.read()
                writer.transport.abort()
            else:
                await _copy(up_reader, writer, is_slow=fault == "slow")
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        finally:
            up_writer.close()


def _closing(head: bytes) -> bytes:
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([lines[0], b"Connection: close", *lines[1:]])


def _throttled(head: bytes) -> tuple[int, str]:
    """Return the status and code with which the requested service throttles."""
    if b"dynamodb" in head.lower():
        return 400, "ThrottlingException"
    return (429, "TooManyRequestsException") if b"/2017-08-29/" in head else (503, "SlowDown")


async def _send_error(writer: asyncio.StreamWriter, status: int, code: str) -> None:
    body = f'{{"__type": "{code}", "message": "from the proxy"}}'.encode()
    head = (
        f"HTTP/1.1 {status} Fault\r\nContent-Type: application/x-amz-json-1.0\r\nx-amzn-ErrorType: {code}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_slow: bool = False) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(SLOW_CHUNK if is_slow else 65_536):
            writer.write(data)
            await writer.drain()
            if is_slow:
                await asyncio.sleep(SLOW_PAUSE_S)


@contextmanager
def proxied(upstream_url: str, faults: FaultSettings) -> Iterator[str]:
    """Run a proxy before the upstream, in a thread, and yield its URL."""
    listening: list[int] = []
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    proxy = Proxy(int(upstream_url.rsplit(":", 1)[1]), faults)
    thread = threading.Thread(target=lambda: loop.run_until_complete(proxy.serve(stop, listening, ready)))
    thread.start()
    ready.wait()
    try:
        yield f"http://127.0.0.1:{listening[0]}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
