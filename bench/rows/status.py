"""Rows "status-hot" and "status-many": the rate of `GET /jobs/{id}`, and its DynamoDB reads."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from bench.bench_aws import BenchAws
from bench.harness import Bench, Load
from bench.job_events import job_ids
from bench.measured_processes import MeasuredProcess
from bench.results import Figure, Row, at_least, at_most

PEERS = ("boto3_sync", "aioboto3_shared", "aioboto3_each_request")
JOBS = 1_000
NAMES = {
    "service": "this service",
    "constant": "FastAPI, a constant",
    "boto3_sync": "FastAPI, boto3 in a sync route",
    "aioboto3_shared": "FastAPI, aioboto3, one client",
    "aioboto3_each_request": "FastAPI, aioboto3, one client per request",
}


def hot(bench: Bench) -> Row:
    """Measure requests of all clients for the same job."""
    rounds, found = _measure(bench, job_ids(1))
    ours, constant = rounds["service"], rounds["constant"]
    best = max(_rate(rounds[peer]) for peer in PEERS)
    stubbed = found["service"].median / found["constant"].median
    return Row(
        name="status-hot",
        what="status of a hot job, 64 clients",
        figures=[*_figures(rounds), *found.values()],
        targets=[
            at_least("at least the constant's rate, on the emulator", _rate(ours) / _rate(constant), 1),
            at_least("at least 1.2 times the constant's rate, on the stub", stubbed, 1.2),
            at_least("at least 4 times the best peer's rate", _rate(ours) / best, 4),
        ],
        limit=(
            "The server's one core, most of it in uvicorn and FastAPI. Clients and emulator share the other core; the "
            "service reads the job from the emulator once or twice in 0.1 s."
        ),
    )


def many(bench: Bench) -> Row:
    """Measure requests for a thousand jobs in turn."""
    rounds, found = _measure(bench, job_ids(JOBS))
    ours = rounds["service"]
    best = max(_rate(rounds[peer]) for peer in PEERS)
    return Row(
        name="status-many",
        what="status of 1,000 different jobs, 64 clients",
        figures=[*_figures(rounds), *found.values()],
        targets=[
            at_least("at least 2 times the best peer's rate", _rate(ours) / best, 2),
            at_most("at most 0.1 DynamoDB calls per request", _median([load.calls for load in ours]), 0.1),
        ],
        limit="The emulator on the second core: it takes less time for a row of a BatchGetItem than for a GetItem.",
    )


def _measure(bench: Bench, ids: Sequence[str]) -> tuple[Mapping[str, Sequence[Load]], Mapping[str, Figure]]:
    """Return all servers' loads on the emulator, and the rates of this service and the constant on the stub."""
    bench.emulator.put_jobs(ids)
    rounds = alternate(bench, ("service", "constant", *PEERS), bench.emulator, ids)
    stubbed = alternate(bench, ("service", "constant"), bench.stub, ids)
    found = {
        what: Figure(name=f"{NAMES[what]}, on the stub", unit="requests/s", rounds=[load.rate for load in loads])
        for what, loads in stubbed.items()
    }
    return rounds, found


def alternate(
    bench: Bench, whats: Sequence[str], bench_aws: BenchAws, ids: Sequence[str]
) -> Mapping[str, Sequence[Load]]:
    """Return each server's loads. All servers run, and are measured in turn in each round, under the same noise."""
    paths = [f"/jobs/{job_id}" for job_id in ids]
    loads: defaultdict[str, list[Load]] = defaultdict(list)
    with ExitStack() as stack:
        servers = {what: bench.serve(stack, what, bench_aws) for what in whats}
        for server in servers.values():
            _warm(bench, server, paths)
        for _ in range(bench.rounds):
            for what, server in servers.items():
                loads[what].append(bench.measure_requests(server, paths))
    return loads


def _warm(bench: Bench, server: MeasuredProcess, paths: Sequence[str]) -> None:
    bench.measure_requests(server, paths[:1], clients=4, seconds=bench.seconds / 3)


def _figures(rounds: Mapping[str, Sequence[Load]]) -> list[Figure]:
    figures = [
        Figure(name=NAMES[what], unit="requests/s", rounds=[load.rate for load in loads])
        for what, loads in rounds.items()
    ]
    for what in ("service", "boto3_sync"):
        loads = rounds[what]
        figures += [
            Figure(name=f"{NAMES[what]}: calls", unit="DynamoDB calls/request", rounds=[load.calls for load in loads]),
            Figure(name=f"{NAMES[what]}: 99th percentile", unit="ms", rounds=[load.p99_ms for load in loads]),
            Figure(name=f"{NAMES[what]}: processor", unit="µs/request", rounds=[load.cpu_us for load in loads]),
        ]
    return figures


def _rate(loads: Sequence[Load]) -> float:
    return _median([load.rate for load in loads])


def _median(values: Sequence[float]) -> float:
    return Figure(name="", unit="", rounds=values).median
