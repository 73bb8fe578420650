"""`python -m bench.http_load`: clients that send requests as fast as the server responds, each on its own connection.

A closed loop, like wrk's: a client sends its next request when the response is complete. With uvloop and httptools'
parser, the clients of one process are faster than a server in a Python framework.
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
MAX_WAIT_S = 5.0


class Client(asyncio.Protocol):
    """One keep-alive connection; `failures` gets each status that isn't 200, and 0 for a lost connection."""

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
        """Pass the data to the parser."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Record the response, and send the next request."""
        self._latencies_s.append(time.perf_counter() - self._sent_s)
        if (status := self._parser.get_status_code()) != OK:
            self._failures.append(status)
        if self._is_over:
            self._transport.close()
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Record a failure if a response was due."""
        if not self._is_over:
            self._failures.append(0)
        if not self.ended.done():
            self.ended.set_result(exc)

    def finish(self) -> None:
        """Send no further request."""
        self._is_over = True

    def _send(self) -> None:
        self._sent_s = time.perf_counter()
        self._transport.write(next(self._requests))


def requests_for(lines: Sequence[str]) -> Iterator[bytes]:
    """Return an endless cycle of requests; each line is a path to GET, or a complete request in Base64."""
    return cycle([_get(line) if line.startswith("/") else b64decode(line) for line in lines])


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode()


async def send_requests(port: int, lines: Sequence[str], *, clients: int, seconds: float) -> dict[str, float]:
    """Send requests for `seconds`, and return their number, rate, latencies and failures."""
    latencies_s: list[float] = []
    failures: list[int] = []
    requests = requests_for(lines)
    loop = asyncio.get_running_loop()
    connections = []
    began_s = time.perf_counter()
    for _ in range(clients):
        _, client = await loop.create_connection(lambda: Client(requests, latencies_s, failures), "127.0.0.1", port)
        connections.append(client)
    await asyncio.sleep(seconds)
    while len(latencies_s) < clients and time.perf_counter() < began_s + MAX_WAIT_S:  # noqa: ASYNC110
        await asyncio.sleep(0.01)  # a slow server has not yet responded to every client
    answered, took_s = len(latencies_s), time.perf_counter() - began_s
    for client in connections:
        client.finish()
    await asyncio.wait([client.ended for client in connections], timeout=30)
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
    """Send the requests on stdin, one a line, and print the result as JSON."""
    lines = sys.stdin.read().split()
    print(json.dumps(uvloop.run(send_requests(port, lines, clients=clients, seconds=seconds))))  # noqa: T201


if __name__ == "__main__":
    typer.run(main)
