"""`python -m bench.bare_streams`: the floor of an event stream, a protocol that only writes the same bytes to everyone.

Each request gets a head and one event. `POST /wave` writes another event to every stream. The event is as long as one
of ours, so most of the processor time is the operating system's: it sends the bytes of each connection separately.
"""

import asyncio
import os
from typing import cast

import uvloop

EVENT_BYTES = 800
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
EVENT = b"event: progress\ndata: ".ljust(EVENT_BYTES - 2, b".") + b"\n\n"
DONE = b"HTTP/1.1 204 No Content\r\n\r\n"

streams: set[asyncio.Transport] = set()


class Stream(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Begin a stream, or send an event to all of them."""
        if data.startswith(b"GET /events"):
            streams.add(self._transport)
            self._transport.write(HEAD + EVENT)
            return
        if data.startswith(b"POST /wave"):
            for stream in streams:
                stream.write(EVENT)
        self._transport.write(DONE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        del exc
        streams.discard(self._transport)


async def serve(port: int) -> None:
    """Serve until stopped."""
    server = await asyncio.get_running_loop().create_server(Stream, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(os.environ["PORT"])))
