"""`python -m bench.sse_clients`: many clients of `GET /events`, in a process of their own.

Speaks with the harness in lines: prints how many events have come in all, and the time at which the last of a wave
came; a wave is one event for each client.
"""

import asyncio
import json
import time
from typing import Annotated

import typer
import uvloop

OPENING_AT_ONCE = 100


class Waves:
    """Counts events, and tells when each wave has reached everybody."""

    def __init__(self, streams: int) -> None:
        self._streams = streams
        self._heard = 0

    def parse(self, events: int) -> None:
        """Count."""
        before = self._heard // self._streams
        self._heard += events
        if self._heard // self._streams > before:
            print(json.dumps({"wave": before + 1, "at_s": time.monotonic()}), flush=True)  # noqa: T201


class Client(asyncio.Protocol):
    """One stream."""

    def __init__(self, request: bytes, waves: Waves) -> None:
        self._request = request
        self._waves = waves
        self.opened = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Count the events: an event's first line is never cut, as each is sent at once."""
        if not self.opened.done():
            self.opened.set_result(None)
        self._waves.parse(data.count(b"event: progress"))


async def watch(port: int, jobs: list[str], streams: int) -> None:
    """Open the streams, so many at a time, and listen until stopped."""
    loop = asyncio.get_running_loop()
    waves = Waves(streams)
    for first in range(0, streams, OPENING_AT_ONCE):
        opening = []
        for at in range(first, min(first + OPENING_AT_ONCE, streams)):
            request = f"GET /events?job_id={jobs[at % len(jobs)]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
            _, client = await loop.create_connection(lambda request=request: Client(request, waves), "127.0.0.1", port)  # type: ignore[misc]
            opening.append(client.opened)
        await asyncio.wait_for(asyncio.gather(*opening), 60)
    await asyncio.Event().wait()


def main(
    port: Annotated[int, typer.Option()],
    jobs: Annotated[str, typer.Option(help="Their ids, separated by commas.")],
    streams: Annotated[int, typer.Option()],
) -> None:
    """Watch until stopped."""
    uvloop.run(watch(port, jobs.split(","), streams))


if __name__ == "__main__":
    typer.run(main)
