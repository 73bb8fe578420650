"""Jobs that change while clients watch them: the events that change them, long polls, and the reads of their rows."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx

from transcode.job import Completed, Output, Progressed

from .serving import DEADLINE_S, Running
from .stores import Stores

TICK_S = 0.1
"""The fixture `live_service` reads watched jobs at this interval."""


async def apply_progress(stores: Stores, job_id: str, percent: int) -> None:
    """Apply a progress event; a higher percentage has a later time."""
    event = Progressed(job_id=job_id, time_ms=percent + 1, percent=percent, phase="TRANSCODING")
    await stores.statuses.advance(event, now_s=int(time.time()))


async def apply_complete(stores: Stores, job_id: str) -> None:
    """Apply the job's COMPLETE event."""
    event = Completed(job_id=job_id, time_ms=1000, output=Output(path="uploads/1/"))
    await stores.statuses.advance(event, now_s=int(time.time()))


async def long_poll(client: httpx.AsyncClient, job_id: str, *, wait_s: float = 20) -> httpx.Response:
    """Send a long poll with the ETag of the current progress, and return the response."""
    path = f"/jobs/{job_id}/progress"
    headers = {"If-None-Match": (await client.get(path)).headers["ETag"]}
    return await client.get(path, params={"wait_s": wait_s}, headers=headers)


async def eventually(holds: Callable[[], bool]) -> None:
    """Return once the condition holds; fail at the deadline."""
    async with asyncio.timeout(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 -- a condition of any kind, with a deadline
            await asyncio.sleep(0.01)


def record_reads(service: Running, job_id: str) -> list[str]:
    """Return a list that grows with each read of a job whose id has this prefix."""
    reads: list[str] = []

    def note(params: dict[str, Any], **_: object) -> None:
        keys = params["RequestItems"].get(service.resources.statuses.table, {}).get("Keys", ())
        reads.extend(key["JobId"]["S"] for key in keys if key["JobId"]["S"].startswith(job_id))

    client: Any = service.resources.statuses.client
    client.meta.events.register("provide-client-params.dynamodb.BatchGetItem", note)
    return reads
