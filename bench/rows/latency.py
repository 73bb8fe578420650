"""Row "latency": the time from SendMessage of a job event until a client of `GET /events` receives the new status."""

import asyncio
import json
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from bench.bench_aws import BenchAws
from bench.harness import Bench, wait_for
from bench.job_events import job_ids, status_update
from bench.measured_processes import BenchError, running_module
from bench.queue_drain import new_queue
from bench.results import Figure, Row, at_most
from transcode.aws import Aws

JOBS, JOBS_PER_STREAM = 100, 25
INTERVAL_S = 10.0
"""Seconds between two events of a job, as MediaConvert sends them."""
LEAD_S = 12.0
"""Seconds from writing the rows, whose events came before, until the first event. The clients connect meanwhile."""
LATE_S = 10.0


@dataclass(slots=True)
class Latencies:
    """The send time of each event, by job and percentage, and the latency of each received one."""

    sent_s: dict[tuple[str, int], float] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)

    def receive(self, job: Any) -> None:  # noqa: ANN401 -- JSON
        """Record a received status; a status that a newer one replaced before the tick is never received."""
        percent = job["progress_percent"] or 0
        if (sent_s := self.sent_s.pop((job["job_id"], percent), None)) is not None:
            self.took_s.append(time.monotonic() - sent_s)


def visible(bench: Bench) -> Row:
    """Measure with an event every ten seconds of each of a hundred watched jobs."""
    took_s = sorted(latencies_s(bench, jobs=JOBS, events_per_job=2 if bench.quick else 6))
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
            at_most("median at most 2 s", median, 2),
            at_most("99th percentile at most 5 s", late, 5),
        ],
        limit="The schedule: a read about a second after the next event is due, otherwise every five seconds.",
    )


def latencies_s(bench: Bench, *, jobs: int, events_per_job: int) -> list[float]:
    """Send the events of the jobs through queue, worker and service, and return the latency of each.

    The jobs' rows are those of an event one interval before the first one, so that the schedule is known at first.
    """
    ids = job_ids(jobs, run=f"late{jobs}x")
    url = bench.emulator.with_aws(lambda aws: new_queue(aws, bench.emulator))
    bench_aws = replace(bench.emulator, settings={**bench.emulator.settings, "JOB_EVENTS_QUEUE_URL": url})
    with ExitStack() as stack:
        service = bench.serve(stack, "service", bench_aws)
        worker = stack.enter_context(running_module("bench.counted_process", "worker", settings=bench_aws.settings))
        wait_for("the worker polls", lambda: worker.calls()["sqs:ReceiveMessage"] > 0)
        first_s, every_s = time.time() + LEAD_S, INTERVAL_S / jobs
        last_events_s = [first_s - INTERVAL_S + at * every_s for at in range(jobs)]
        bench.emulator.put_jobs(ids, percent=0, event_times_s=last_events_s)
        count = jobs * events_per_job
        latencies = bench_aws.with_aws(lambda aws: _send_and_receive(aws, bench_aws, service.port, ids, count, first_s))
    if len(latencies.took_s) < count * 0.9:
        raise BenchError(f"only {len(latencies.took_s)} of {count} events were received")
    return latencies.took_s


async def _send_and_receive(
    aws: Aws, bench_aws: BenchAws, port: int, ids: list[str], count: int, first_s: float
) -> Latencies:
    latencies = Latencies()
    groups = [ids[at : at + JOBS_PER_STREAM] for at in range(0, len(ids), JOBS_PER_STREAM)]
    opened = asyncio.Semaphore(0)
    watchers = [asyncio.create_task(_watch(port, group, latencies, opened)) for group in groups]
    for _ in ids:
        await asyncio.wait_for(opened.acquire(), LEAD_S)
    sqs = await aws.sqs()
    sending = []
    for at in range(count):
        await asyncio.sleep(max(0, first_s + at * INTERVAL_S / len(ids) - time.time()))
        job_id, turn = ids[at % len(ids)], 1 + at // len(ids)
        body = status_update(
            job_id, time_ms=int(time.time() * 1000), percent=turn, input_bucket=bench_aws.stack.input_bucket
        )
        latencies.sent_s[job_id, turn] = time.monotonic()
        url = bench_aws.settings["JOB_EVENTS_QUEUE_URL"]
        sending.append(asyncio.create_task(sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))))
    await asyncio.gather(*sending)
    until_s = time.monotonic() + LATE_S
    while latencies.sent_s and time.monotonic() < until_s:  # noqa: ASYNC110 -- a condition with a deadline
        await asyncio.sleep(0.05)
    for task in watchers:
        task.cancel()
    await asyncio.gather(*watchers, return_exceptions=True)
    return latencies


async def _watch(port: int, ids: list[str], latencies: Latencies, opened: asyncio.Semaphore) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    query = "&".join(f"job_id={job_id}" for job_id in ids)
    writer.write(f"GET /events?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    shown: set[str] = set()
    with suppress(asyncio.CancelledError):
        while line := await reader.readline():
            if line.startswith(b"data:"):
                job = json.loads(line.removeprefix(b"data:"))
                latencies.receive(job)
                if job["job_id"] not in shown:
                    shown.add(job["job_id"])
                    opened.release()
    writer.close()
