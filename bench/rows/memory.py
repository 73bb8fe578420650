"""How much memory both processes take, at rest and while they work, and whether that grows."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import mean

import httpx

from bench.bench_aws import World
from bench.harness import Bench
from bench.job_events import job_ids
from bench.measured_processes import Measured, running
from bench.queue_drain import JOBS
from bench.results import Figure, Row, at_most
from bench.rows.status import JOBS as STATUSES

LOT = 20_000
FLAT = 1.05


def memory(bench: Bench) -> Row:
    """Both under load as long as is told, one after the other, on the stub."""
    with ExitStack() as stack:
        service = bench.serve(stack, "service", bench.stub)
        service_rest = _resting(service)
        service_mb = _under_load(bench, service, lambda: _ask(bench, service))
    with running("bench.counted_process", "worker", settings=bench.stub.settings) as worker:
        worker_rest = _resting(worker)
        worker_mb = _under_load(bench, worker, lambda: _feed(bench.stub))
    growth = {"service": _growth(service_mb), "worker": _growth(worker_mb)}
    return Row(
        name="memory",
        what=f"memory at rest and over {bench.memory_s:g} s of load",
        figures=[
            Figure(name="service at rest", unit="MB", rounds=[service_rest]),
            Figure(name="service under load (64 clients, 1,000 jobs)", unit="MB", rounds=service_mb),
            Figure(name="worker at rest", unit="MB", rounds=[worker_rest]),
            Figure(name=f"worker under load (backlogs of {LOT:,} events)", unit="MB", rounds=worker_mb),
        ],
        targets=[
            at_most(f"{name}: the last third of the time beside the second, at most 1.05", grown, FLAT)
            for name, grown in growth.items()
        ],
        limit="Default 60 s; MEMORY_S=600 for ten minutes. The spread is over the time, not over rounds.",
    )


def _resting(measured: Measured) -> float:
    time.sleep(2)
    return measured.memory_mb()


def _under_load(bench: Bench, measured: Measured, work: Callable[[], None]) -> list[float]:
    until_s = time.monotonic() + bench.memory_s
    samples: list[float] = []
    while time.monotonic() < until_s or len(samples) < 3:  # noqa: PLR2004 -- a sample for each third
        work()
        samples.append(measured.memory_mb())
    return samples


def _growth(samples: list[float]) -> float:
    third = len(samples) // 3
    return mean(samples[-third:]) / mean(samples[third : 2 * third])


def _ask(bench: Bench, service: Measured) -> None:
    bench.ask(service, [f"/jobs/{job_id}" for job_id in job_ids(STATUSES)], seconds=1)


def _feed(world: World) -> None:
    """Fill the stub's queue whenever it is empty."""
    with httpx.Client(base_url=world.settings["AWS_ENDPOINT_URL"], timeout=60, trust_env=False) as stub:
        told = stub.get("/progress").json()
        if told["deleted"] >= told["loaded"]:
            stub.post("/load", params={"messages": LOT, "jobs": JOBS, "bucket": world.stack.input_bucket})
    time.sleep(1)
