"""How long it takes from an event in the queue to a client of `GET /events` that sees it."""

import asyncio
import json
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from bench.bench_aws import World
from bench.harness import Bench, wait_for
from bench.job_events import job_ids, status_update
from bench.measured_processes import BenchError, running
from bench.queue_drain import new_queue
from bench.results import Figure, Row, at_most
from transcode.aws import Aws

JOBS, JOBS_A_STREAM = 100, 25
EVENTS_A_SECOND = 20
LATE_S = 10.0


@dataclass(slots=True)
class Seen:
    """When each event was sent, by job and percentage, and how long it took to be seen."""

    sent_s: dict[tuple[str, int], float] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)

    def see(self, job: Any) -> None:  # noqa: ANN401 -- JSON
        """Note a state that a client was shown; one that a newer overtook is never seen, and not missed."""
        percent = job["progress_percent"] or 0
        if (sent_s := self.sent_s.pop((job["job_id"], percent), None)) is not None:
            self.took_s.append(time.monotonic() - sent_s)


def visible(bench: Bench) -> Row:
    """Twenty events a second, of a hundred jobs, all of them watched."""
    seconds = 4 if bench.quick else 30
    took_s = sorted(latencies_s(bench, events_a_second=EVENTS_A_SECOND, seconds=seconds))
    median, late = took_s[len(took_s) // 2], took_s[len(took_s) * 99 // 100]
    return Row(
        name="latency",
        what="event queued → visible at an SSE client",
        figures=[
            Figure(name="median", unit="s", rounds=[median]),
            Figure(name="99th percentile", unit="s", rounds=[late]),
            Figure(name="slowest", unit="s", rounds=[took_s[-1]]),
            Figure(name="events", unit="", rounds=[len(took_s)]),
        ],
        targets=[
            at_most("median under 0.8 s", median, 0.8),
            at_most("99th percentile under 1.5 s", late, 1.5),
        ],
        limit="The tick (1 s): on average half of it passes before the service looks.",
    )


def latencies_s(bench: Bench, *, events_a_second: float, seconds: float) -> list[float]:
    """Send events at a steady rate through queue, worker and service, and return how long each took to be seen."""
    ids = job_ids(JOBS, run=f"late{int(events_a_second)}x")
    bench.world.put_jobs(ids, percent=0)
    url = bench.world.with_aws(lambda aws: new_queue(aws, bench.world))
    world = replace(bench.world, settings={**bench.world.settings, "JOB_EVENTS_QUEUE_URL": url})
    with ExitStack() as stack:
        service = bench.serve(stack, "service", world)
        worker = stack.enter_context(running("bench.counted_process", "worker", settings=world.settings))
        wait_for("the worker polls", lambda: worker.calls()["sqs:ReceiveMessage"] > 0)
        count = int(events_a_second * seconds)
        seen = world.with_aws(lambda aws: _send_and_see(aws, world, service.port, ids, count, 1 / events_a_second))
    if len(seen.took_s) < count * 0.9:
        raise BenchError(f"only {len(seen.took_s)} of {count} events were seen")
    return seen.took_s


async def _send_and_see(aws: Aws, world: World, port: int, ids: list[str], count: int, every_s: float) -> Seen:
    seen = Seen()
    groups = [ids[at : at + JOBS_A_STREAM] for at in range(0, len(ids), JOBS_A_STREAM)]
    opened = asyncio.Semaphore(0)
    watching = [asyncio.create_task(_watch(port, group, seen, opened)) for group in groups]
    for _ in ids:
        await asyncio.wait_for(opened.acquire(), 30)
    sqs = await aws.sqs()
    sending = []
    began_ms = int(time.time() * 1000) + 1_000
    next_s = time.monotonic()
    for at in range(count):
        job_id, turn = ids[at % len(ids)], 1 + at // len(ids)
        body = status_update(job_id, time_ms=began_ms + at, percent=turn, input_bucket=world.stack.input_bucket)
        seen.sent_s[job_id, turn] = time.monotonic()
        url = world.settings["JOB_EVENTS_QUEUE_URL"]
        sending.append(asyncio.create_task(sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))))
        next_s += every_s
        await asyncio.sleep(max(0, next_s - time.monotonic()))
    await asyncio.gather(*sending)
    until_s = time.monotonic() + LATE_S
    while seen.sent_s and time.monotonic() < until_s:  # noqa: ASYNC110 -- a condition with a deadline
        await asyncio.sleep(0.05)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return seen


async def _watch(port: int, ids: list[str], seen: Seen, opened: asyncio.Semaphore) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    query = "&".join(f"job_id={job_id}" for job_id in ids)
    writer.write(f"GET /events?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    shown: set[str] = set()
    with suppress(asyncio.CancelledError):
        while line := await reader.readline():
            if line.startswith(b"data:"):
                job = json.loads(line.removeprefix(b"data:"))
                seen.see(job)
                if job["job_id"] not in shown:
                    shown.add(job["job_id"])
                    opened.release()
    writer.close()
