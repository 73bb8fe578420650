"""`python -m bench.sse_clients`: many clients of `GET /events`, in a process of their own.

A wave is one event for each client. The process prints one line of JSON per wave: its number, and the time at which its
last event came.
"""

import asyncio
import json
import time
from typing import Annotated

import typer
import uvloop

CONCURRENT_OPENINGS = 100


class Waves:
    """Counts events, and prints when each wave has reached all clients."""

    def __init__(self, streams: int) -> None:
        self._streams = streams
        self._received = 0

    def add(self, events: int) -> None:
        """Count received events."""
        before = self._received // self._streams
        self._received += events
        if self._received // self._streams > before:
            print(json.dumps({"wave": before + 1, "at_s": time.monotonic()}), flush=True)  # noqa: T201


class Client(asyncio.Protocol):
    """One client with one stream."""

    def __init__(self, request: bytes, waves: Waves) -> None:
        self._request = request
        self._waves = waves
        self.opened = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Request the stream."""
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Count the events. The service sends each event in one write, so that no event line is split."""
        if not self.opened.done():
            self.opened.set_result(None)
        self._waves.add(data.count(b"event: progress"))


async def watch(port: int, jobs: list[str], streams: int) -> None:
    """Open the streams, a batch at a time, and receive events until stopped."""
    loop = asyncio.get_running_loop()
    waves = Waves(streams)
    for first in range(0, streams, CONCURRENT_OPENINGS):
        opening = []
        for at in range(first, min(first + CONCURRENT_OPENINGS, streams)):
            request = f"GET /events?job_id={jobs[at % len(jobs)]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
            _, client = await loop.create_connection(lambda request=request: Client(request, waves), "127.0.0.1", port)  # type: ignore[misc]
            opening.append(client.opened)
        await asyncio.wait_for(asyncio.gather(*opening), 60)
    await asyncio.Event().wait()


def main(
    port: Annotated[int, typer.Option()],
    jobs: Annotated[str, typer.Option(help="Job ids, separated by commas.")],
    streams: Annotated[int, typer.Option()],
) -> None:
    """Receive events until stopped."""
    uvloop.run(watch(port, jobs.split(","), streams))


if __name__ == "__main__":
    typer.run(main)
