"""`python -m bench.bare_asgi_streams`: the floor of an event stream on uvicorn, which has a coroutine for each stream.

Requests and responses are those of `bench.bare_streams`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

from bench.bare_streams import EVENT


class Waves:
    """The next wave, for which all streams wait."""

    def __init__(self) -> None:
        self._next: asyncio.Future[None] | None = None

    def coming(self) -> "asyncio.Future[None]":
        """Return the future of the next wave."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        return self._next

    def send(self) -> None:
        """Wake all streams."""
        self.coming().set_result(None)
        self._next = None


waves = Waves()


async def app(scope: MutableMapping[str, Any], _: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """Begin a stream, or send an event to all of them."""
    if scope["path"] != "/events":
        if scope["method"] == "POST":
            waves.send()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    while True:
        await send({"type": "http.response.body", "body": EVENT, "more_body": True})
        await waves.coming()


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), loop="uvloop", lifespan="off", log_level="warning")
