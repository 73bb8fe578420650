"""Rows "worker-steady" and "worker-backlog": the worker's event rate and writes, and those of the first version."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.bench_aws import BenchAws
from bench.harness import Bench
from bench.measured_processes import run_module
from bench.queue_drain import JOBS, DrainResult, drain_stub, stub_client
from bench.results import Figure, Row, at_least, at_most

BACKLOG = 50_000
AWS_LATENCY_MS = 5
"""Approximate latency of DynamoDB's UpdateItem within its region; SQS takes longer."""


def steady(bench: Bench) -> Row:
    """Measure with one waiting event of each of 500 jobs, so that no two events share a write."""
    messages = JOBS if bench.quick else 10 * JOBS
    no_latency = _on_stub(bench, messages=messages, batch=JOBS)
    with_latency = _on_stub(bench, messages=messages, batch=JOBS, latency_ms=AWS_LATENCY_MS)
    return Row(
        name="worker-steady",
        what="worker, steady events of 500 jobs",
        figures=[*no_latency.figures, *with_latency.figures],
        targets=[
            at_least(f"at least 5 times the first version's rate, {with_latency.where}", with_latency.ratio, 5),
        ],
        limit="The worker's one core, 0.8 of it in botocore. The first version gets its events without a queue.",
    )


def backlogged(bench: Bench) -> Row:
    """Measure with a backlog of a hundred events of each of 500 jobs."""
    messages = 5_000 if bench.quick else BACKLOG
    no_latency = _on_stub(bench, messages=messages, batch=messages)
    with_latency = _on_stub(bench, messages=messages, batch=messages, latency_ms=AWS_LATENCY_MS)
    return Row(
        name="worker-backlog",
        what="worker, backlog of 50,000 events of 500 jobs",
        figures=[*no_latency.figures, *with_latency.figures],
        targets=[
            at_most(f"at most 0.2 writes per event ({messages:,} events, stub)", no_latency.writes, 0.2),
            at_least(f"at least 10 times the first version's rate, {with_latency.where}", with_latency.ratio, 10),
        ],
        limit="The worker's one core, 0.8 of it in botocore: two SQS calls and a write for every ten events.",
    )


def _invoked(bench: Bench, bench_aws: BenchAws) -> Any:  # noqa: ANN401 -- JSON
    return json.loads(
        run_module(
            "bench.invoke_first_version",
            "--seconds",
            str(bench.seconds),
            "--jobs",
            str(JOBS),
            settings=bench_aws.settings,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OnStub:
    """Alternating rounds of the first version's handler and of the worker; `where` describes the stub's latency."""

    where: str
    first: Sequence[Mapping[str, float]]
    ours: Sequence[DrainResult]

    @property
    def ratio(self) -> float:
        """The ratio of the worker's rate to the first version's."""
        return _median([each.rate for each in self.ours]) / _median([each["rate"] for each in self.first])

    @property
    def writes(self) -> float:
        """The worker's UpdateItem calls per event."""
        return _median([each.writes for each in self.ours])

    @property
    def figures(self) -> list[Figure]:
        """All figures."""
        theirs, worker = f"the first version's handler, {self.where}", f"this worker, {self.where}"
        return [
            Figure(name=theirs, unit="events/s", rounds=[each["rate"] for each in self.first]),
            Figure(name=f"{theirs}: processor", unit="µs/event", rounds=[each["cpu_us"] for each in self.first]),
            Figure(name=worker, unit="events/s", rounds=[each.rate for each in self.ours]),
            Figure(name=f"{worker}: processor", unit="µs/event", rounds=[each.cpu_us for each in self.ours]),
            Figure(name=f"{worker}: writes", unit="writes/event", rounds=[each.writes for each in self.ours]),
            Figure(name=f"{worker}: SQS", unit="calls/event", rounds=[each.sqs_calls for each in self.ours]),
        ]


def _on_stub(bench: Bench, *, messages: int, batch: int, latency_ms: float = 0) -> OnStub:
    """Measure both on the stub, alternating, with `batch` waiting messages and responses after `latency_ms`."""
    first, ours = [], []
    with stub_client(bench.stub) as stub:
        stub.post("/delay", params={"ms": latency_ms})
        try:
            for _ in range(min(3, bench.rounds)):
                first.append(_invoked(bench, bench.stub))
                ours.append(drain_stub(bench.stub, messages=messages, batch=batch))
        finally:
            stub.post("/delay", params={"ms": 0})
    where = f"on the stub, each response after {latency_ms:g} ms" if latency_ms else "on the stub"
    return OnStub(where=where, first=first, ours=ours)


def _median(rounds: Sequence[float]) -> float:
    return Figure(name="", unit="", rounds=rounds).median
