"""Row "memory": the resident memory of service and worker at rest and under load, and its growth."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import mean

import httpx

from bench.bench_aws import BenchAws
from bench.harness import Bench
from bench.job_events import job_ids
from bench.measured_processes import MeasuredProcess, running_module
from bench.queue_drain import JOBS
from bench.results import Figure, Row, at_most
from bench.rows.status import JOBS as STATUSES

BACKLOG = 20_000
MAX_GROWTH = 1.05


def memory(bench: Bench) -> Row:
    """Measure service and worker one after the other on the stub, with load for `bench.memory_s` each."""
    with ExitStack() as stack:
        service = bench.serve(stack, "service", bench.stub)
        service_rest = _at_rest(service)
        service_mb = _under_load(bench, service, lambda: _send_requests(bench, service))
    with running_module("bench.counted_process", "worker", settings=bench.stub.settings) as worker:
        worker_rest = _at_rest(worker)
        worker_mb = _under_load(bench, worker, lambda: _fill_queue(bench.stub))
    growth = {"service": _growth(service_mb), "worker": _growth(worker_mb)}
    return Row(
        name="memory",
        what=f"memory at rest and over {bench.memory_s:g} s of load",
        figures=[
            Figure(name="service at rest", unit="MB", rounds=[service_rest]),
            Figure(name="service under load (64 clients, 1,000 jobs)", unit="MB", rounds=service_mb),
            Figure(name="worker at rest", unit="MB", rounds=[worker_rest]),
            Figure(name=f"worker under load (backlogs of {BACKLOG:,} events)", unit="MB", rounds=worker_mb),
        ],
        targets=[
            at_most(f"{name}: the last third of the time is at most 1.05 times the second third", grown, MAX_GROWTH)
            for name, grown in growth.items()
        ],
        limit="Load for 60 s by default; MEMORY_S=600 for ten minutes. The spread is over the time, not over rounds.",
    )


def _at_rest(measured: MeasuredProcess) -> float:
    time.sleep(2)
    return measured.memory_mb()


def _under_load(bench: Bench, measured: MeasuredProcess, work: Callable[[], None]) -> list[float]:
    until_s = time.monotonic() + bench.memory_s
    samples: list[float] = []
    while time.monotonic() < until_s or len(samples) < 3:  # noqa: PLR2004 -- at least one sample for each third
        work()
        samples.append(measured.memory_mb())
    return samples


def _growth(samples: list[float]) -> float:
    third = len(samples) // 3
    return mean(samples[-third:]) / mean(samples[third : 2 * third])


def _send_requests(bench: Bench, service: MeasuredProcess) -> None:
    bench.measure_requests(service, [f"/jobs/{job_id}" for job_id in job_ids(STATUSES)], seconds=1)


def _fill_queue(bench_aws: BenchAws) -> None:
    """Fill the stub's queue if it is empty, and wait a second."""
    with httpx.Client(base_url=bench_aws.settings["AWS_ENDPOINT_URL"], timeout=60, trust_env=False) as stub:
        progress = stub.get("/progress").json()
        if progress["deleted"] >= progress["loaded"]:
            stub.post("/load", params={"messages": BACKLOG, "jobs": JOBS, "bucket": bench_aws.stack.input_bucket})
    time.sleep(1)
