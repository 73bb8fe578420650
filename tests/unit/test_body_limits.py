"""Bodies that are nested deeply, and the memory of bodies that arrive at the same time."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request

from service.api import problems
from service.api.middleware import body_limits
from service.app import create_app
from service.settings import ServiceSettings

KIB = 1024


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"a":' * 12_000, b'"' + b"\\" * 60_000, b"1" * 60_000])
@pytest.mark.parametrize("path", ["/uploads", "/jobs", "/s3/multipart"])
async def test_json_that_is_nested_or_unfinished_is_invalid(path: str, body: bytes) -> None:
    """No body of 64 KiB exhausts the stack, or takes long."""
    settings = ServiceSettings(input_bucket="clips-in", output_bucket="clips-out")
    transport = httpx.ASGITransport(create_app(settings), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        response = await client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


async def test_the_bodies_that_arrive_together_fit_into_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with the time to retry for one more; its memory is free again when a request has ended."""
    monkeypatch.setattr(body_limits, "MAX_ARRIVING_BYTES", 100 * KIB)
    app = FastAPI()
    problems.install(app)

    async def read(request: Request) -> int:
        return len(await request.body())

    app.add_api_route("/", read, methods=["POST"])
    app.add_middleware(body_limits.BodyLimits)
    arriving, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield bytes(60 * KIB)
        arriving.set()
        await may_end.wait()

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        first = asyncio.create_task(client.post("/", content=slow()))
        await arriving.wait()
        refused = await client.post("/", content=bytes(60 * KIB))
        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_bodies")
        assert refused.headers["Retry-After"]
        may_end.set()
        assert (await first).json() == 60 * KIB
        assert (await client.post("/", content=bytes(60 * KIB))).json() == 60 * KIB
