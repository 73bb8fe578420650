"""Row "growth": the cost of one unit of work at 1, 4 and 16 times the work of six other rows."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from bench.harness import Bench
from bench.job_events import job_ids
from bench.queue_drain import drain_stub
from bench.results import Figure, Row, Target
from bench.rows.latency import latencies_s
from bench.rows.streams import measure_streams

TIMES = (1, 4, 16)
QUICK_TIMES = (1, 4)
ALLOWED = 1.25
"""Allowed ratio of the cost per unit at the largest and the smallest load; rounds differ by as much."""


def growth(bench: Bench) -> Row:
    """Measure processor time per unit; for streams also memory, and for latency the median."""
    times = QUICK_TIMES if bench.quick else TIMES
    found: dict[str, dict[int, float]] = {}
    for name, cost in COSTS.items():
        for time in times:
            for part, value in cost(bench, time).items():
                found.setdefault(f"{name}: {part}", {})[time] = value
    figures = [
        Figure(name=f"{name}, at {time} times", unit="", rounds=[value])
        for name, values in found.items()
        for time, value in values.items()
    ]
    return Row(
        name="growth",
        what=f"growth of the cost per unit: {', '.join(map(str, times))} times the work",
        figures=figures,
        targets=[_target(name, [values[time] for time in times]) for name, values in found.items()],
        limit=(
            "On the stub, except streams and latency, which use the emulator. Shared reads (of a tick or of a batch) "
            "cost less per unit when more clients share them. Each value is one measurement."
        ),
    )


def _target(name: str, costs: Sequence[float]) -> Target:
    reached = " → ".join(f"{cost:,.3g}" for cost in costs)
    return Target(description=f"{name}: does not grow", reached=reached, is_met=costs[-1] <= ALLOWED * costs[0])


def _hot(bench: Bench, times: int) -> Mapping[str, float]:
    return {"µs per request": _status_us(bench, jobs=1, clients=64 * times)}


def _many(bench: Bench, times: int) -> Mapping[str, float]:
    return {"µs per request": _status_us(bench, jobs=1_000 * times, clients=64)}


def _status_us(bench: Bench, *, jobs: int, clients: int) -> float:
    with ExitStack() as stack:
        service = bench.serve(stack, "service", bench.stub)
        paths = [f"/jobs/{job_id}" for job_id in job_ids(jobs)]
        bench.measure_requests(service, paths[:1], clients=4, seconds=bench.seconds / 3)
        return bench.measure_requests(service, paths, clients=clients).cpu_us


def _streams(bench: Bench, times: int) -> Mapping[str, float]:
    streams = (100 if bench.quick else 1_000) * times
    found = measure_streams(bench, streams=streams, rounds=2)
    return {
        "kB per stream": found.kb,
        "µs per event and client": found.cpu_us,
        "BatchGetItem calls per second": found.reads_per_second,
    }


def _steady(bench: Bench, times: int) -> Mapping[str, float]:
    batch = (100 if bench.quick else 500) * times
    found = drain_stub(bench.stub, messages=4 * batch, batch=batch, jobs=batch)
    return {"µs per event": found.cpu_us}


def _backlog(bench: Bench, times: int) -> Mapping[str, float]:
    messages = (500 if bench.quick else 3_125) * times
    found = drain_stub(bench.stub, messages=messages, batch=messages)
    return {"µs per event": found.cpu_us, "writes per event": found.writes}


def _latency(bench: Bench, times: int) -> Mapping[str, float]:
    took_s = sorted(latencies_s(bench, jobs=50 * times, events_per_job=1 if bench.quick else 2))
    return {"median, s": took_s[len(took_s) // 2]}


COSTS: Mapping[str, Callable[[Bench, int], Mapping[str, float]]] = {
    "status of a hot job (64 clients)": _hot,
    "status of many jobs (1,000 jobs)": _many,
    "streams (1,000)": _streams,
    "worker, steady (500 jobs)": _steady,
    "worker, backlog (3,125 events)": _backlog,
    "event → client (50 jobs)": _latency,
}
