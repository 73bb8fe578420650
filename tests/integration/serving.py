"""The service on a port, as a container runs it, in the test's own event loop; and a client of its event streams."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from service.app import create_app
from service.resources import Resources
from service.server import Server, configuration
from service.settings import ServiceSettings

DEADLINE_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service with a port, and its resources."""

    url: str
    app: FastAPI
    server: Server
    serving: "asyncio.Task[None]"

    @property
    def resources(self) -> Resources:
        """The tables and buckets that its routes use."""
        resources: Resources = self.app.state.resources
        return resources

    def client(self) -> httpx.AsyncClient:
        """Return a client with a connection pool of its own."""
        return httpx.AsyncClient(base_url=self.url, timeout=DEADLINE_S)


@asynccontextmanager
async def running(settings: ServiceSettings, *, clock: Callable[[], float] = time.time) -> AsyncIterator[Running]:
    """Run a service on a port of its own for the length of the context. `clock` returns Unix seconds."""
    app = create_app(settings, clock=clock)
    config = configuration(app, settings.model_copy(update={"host": "127.0.0.1", "port": 0}))
    listener = config.bind_socket()
    server = Server(app, config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(DEADLINE_S):
        while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.01)
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield Running(url=url, app=app, server=server, serving=serving)
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, DEADLINE_S)
        listener.close()


@dataclass(slots=True)
class Stream:
    """A stream of Server-Sent Events: the jobs in order, and the number of comments."""

    lines: AsyncIterator[str]
    comments: int = 0
    retry_ms: int | None = None
    ids: list[str] = field(default_factory=list)

    async def next(self) -> dict[str, Any] | None:
        """Return the next event's job; None once the stream has ended."""
        async with asyncio.timeout(DEADLINE_S):
            event: dict[str, str] = {}
            async for line in self.lines:
                match line.partition(":"):
                    case ("", "", "") if "data" in event:
                        assert event["event"] == "progress"
                        self.ids.append(event["id"])
                        job: dict[str, Any] = json.loads(event["data"])
                        return job
                    case ("", ":", _):
                        self.comments += 1
                    case ("retry", ":", value):
                        self.retry_ms = int(value)
                    case (name, _, value):
                        event[name] = value.removeprefix(" ")
        return None

    async def until(self, status: str) -> list[dict[str, Any]]:
        """Return the jobs up to the first one with this status."""
        jobs: list[dict[str, Any]] = []
        while (job := await self.next()) is not None:
            jobs.append(job)
            if job["status"] == status:
                return jobs
        raise AssertionError(f"the stream ended after {jobs}")


@asynccontextmanager
async def streaming(
    client: httpx.AsyncClient, last_event_id: str | None = None, **follow: str | list[str]
) -> AsyncIterator[Stream]:
    """Open a stream of `input_file` and `job_id`."""
    headers: Mapping[str, str] = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with client.stream("GET", "/events", params=follow, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Stream(response.aiter_lines())
