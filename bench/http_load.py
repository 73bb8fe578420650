"""`python -m bench.http_load`: clients that ask as fast as they are answered, each on its own connection (keep-alive).

A closed loop, as wrk's: a client sends its next request when the answer is whole. On uvloop with httptools' parser one
process asks about twice as often as a Python framework answers: a row of the table tells how often.
"""

import asyncio
import json
import sys
import time
from base64 import b64decode
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Annotated, cast

import httptools
import typer
import uvloop

OK = 200
PATIENCE_S = 5.0


class Client(asyncio.Protocol):
    """One connection; `latencies_s` of the answers within the measured time, `failures` are those that aren't 200."""

    def __init__(self, requests: Iterator[bytes], latencies_s: list[float], failures: list[int]) -> None:
        self._requests = requests
        self._latencies_s = latencies_s
        self._failures = failures
        self._sent_s = 0.0
        self._is_over = False
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Note the answer, and ask again."""
        self._latencies_s.append(time.perf_counter() - self._sent_s)
        if (status := self._parser.get_status_code()) != OK:
            self._failures.append(status)
        if self._is_over:
            self._transport.close()
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that no answer will come, where one was due."""
        if not self._is_over:
            self._failures.append(0)
        if not self.ended.done():
            self.ended.set_result(exc)

    def finish(self) -> None:
        """Ask nothing more."""
        self._is_over = True

    def _send(self) -> None:
        self._sent_s = time.perf_counter()
        self._transport.write(next(self._requests))


def requests_for(lines: Sequence[str]) -> Iterator[bytes]:
    """Return requests for the lines, one after the other, for ever: paths to GET, or whole requests in Base64."""
    return cycle([_get(line) if line.startswith("/") else b64decode(line) for line in lines])


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()


async def ask(port: int, lines: Sequence[str], *, clients: int, seconds: float) -> dict[str, float]:
    """Ask for `seconds`, and return what came of it."""
    latencies_s: list[float] = []
    failures: list[int] = []
    requests = requests_for(lines)
    loop = asyncio.get_running_loop()
    opened = []
    began_s = time.perf_counter()
    for _ in range(clients):
        _, client = await loop.create_connection(lambda: Client(requests, latencies_s, failures), "127.0.0.1", port)
        opened.append(client)
    await asyncio.sleep(seconds)
    while len(latencies_s) < clients and time.perf_counter() < began_s + PATIENCE_S:  # noqa: ASYNC110
        await asyncio.sleep(0.01)  # a server so slow that not every client has had an answer
    answered, took_s = len(latencies_s), time.perf_counter() - began_s
    for client in opened:
        client.finish()
    await asyncio.wait([client.ended for client in opened], timeout=30)
    ordered = sorted(latencies_s[:answered]) or [float("nan")]
    return {
        "requests": answered,
        "answered": len(latencies_s),
        "rate": answered / took_s,
        "p50_ms": 1000 * ordered[len(ordered) // 2],
        "p99_ms": 1000 * ordered[len(ordered) * 99 // 100],
        "failures": len(failures),
    }


def main(
    port: Annotated[int, typer.Option()],
    clients: Annotated[int, typer.Option()] = 64,
    seconds: Annotated[float, typer.Option()] = 3.0,
) -> None:
    """Ask for what stdin says, a line each, and print what came of it as JSON."""
    lines = sys.stdin.read().split()
    print(json.dumps(uvloop.run(ask(port, lines, clients=clients, seconds=seconds))))  # noqa: T201


if __name__ == "__main__":
    typer.run(main)
