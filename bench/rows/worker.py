"""How fast the worker takes job events, and for how many writes, beside the first version's handler."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.bench_aws import World, raw_update
from bench.harness import Bench
from bench.measured_processes import asked
from bench.queue_drain import JOBS, Drained, drain, drain_stub, stub_client
from bench.results import Figure, Row, at_least, at_most

BACKLOG = 50_000
EMULATED_BACKLOG = 10_000
AWS_ANSWERS_MS = 5
"""About what DynamoDB takes for an UpdateItem within its region; SQS takes longer."""


def steady(bench: Bench) -> Row:
    """One event of each of 500 jobs waits at a time: nothing to merge."""
    first, ours = [], []
    for _ in range(bench.rounds):
        first.append(_first_version(bench, bench.world))
        ours.append(drain(bench.world, messages=JOBS))
    messages = JOBS if bench.quick else 10 * JOBS
    at_once = _on_stub(bench, messages=messages, turn=JOBS)
    as_aws = _on_stub(bench, messages=messages, turn=JOBS, answers_ms=AWS_ANSWERS_MS)
    busy = Figure(name="the emulator meanwhile", unit="of a core", rounds=[each.emulator for each in ours])
    ceiling = Figure(
        name="the emulator's own limit: one UpdateItem repeated by 32 connections",
        unit="calls/s",
        rounds=[_emulator_limit(bench) for _ in range(bench.rounds)],
    )
    figures = [
        Figure(name="the first version's handler", unit="events/s", rounds=first),
        Figure(name="this worker", unit="events/s", rounds=[each.rate for each in ours]),
        busy,
        ceiling,
        *at_once.figures,
        *as_aws.figures,
    ]
    return Row(
        name="worker-steady",
        what="worker, steady events of 500 jobs",
        figures=figures,
        targets=[
            at_least("5 times the first version", figures[1].median / figures[0].median, 5),
            at_least("or the emulator at its limit: of its one core, at least 0.85 busy", busy.median, 0.85),
            at_least(f"5 times, {as_aws.where}", as_aws.ratio, 5),
        ],
        limit=(
            "The emulator, which is one process and answers so many UpdateItems in a second whoever asks; it has the "
            "queue's calls to answer beside them, and the first version's handler is handed its events for nothing."
        ),
    )


def backlogged(bench: Bench) -> Row:
    """A hundred events of each of 500 jobs wait."""
    waiting = 2_000 if bench.quick else EMULATED_BACKLOG
    first = [_first_version(bench, bench.world) for _ in range(bench.rounds)]
    ours = [drain(bench.world, messages=waiting) for _ in range(1 if bench.quick else 2)]
    messages = 5_000 if bench.quick else BACKLOG
    at_once = _on_stub(bench, messages=messages, turn=messages)
    as_aws = _on_stub(bench, messages=messages, turn=messages, answers_ms=AWS_ANSWERS_MS)
    figures = [
        Figure(name="the first version's handler", unit="events/s", rounds=first),
        Figure(name=f"this worker, {waiting:,} events waiting", unit="events/s", rounds=[each.rate for each in ours]),
        Figure(name="this worker: writes", unit="writes/event", rounds=[each.writes for each in ours]),
        *at_once.figures,
        *as_aws.figures,
    ]
    return Row(
        name="worker-backlog",
        what="worker, backlog of 50,000 events of 500 jobs",
        figures=figures,
        targets=[
            at_most(f"at most 0.2 writes an event ({messages:,} events, stub)", at_once.writes, 0.2),
            at_least(
                "drained at 10 times the first version's rate, on the emulator",
                figures[1].median / figures[0].median,
                10,
            ),
            at_least(f"the same, {at_once.where}", at_once.ratio, 10),
            at_least(f"the same, {as_aws.where}", as_aws.ratio, 10),
        ],
        limit=(
            "On the emulator: what it takes to hand out and delete ten messages. On the stub: the worker's one core, "
            "eight tenths of it in botocore's calls, two of SQS and a write for every ten events."
        ),
    )


def _first_version(bench: Bench, world: World) -> float:
    return float(_invoked(bench, world)["rate"])


def _invoked(bench: Bench, world: World) -> Any:  # noqa: ANN401 -- JSON
    return json.loads(
        asked(
            "bench.invoke_first_version", "--seconds", str(bench.seconds), "--jobs", str(JOBS), settings=world.settings
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OnStub:
    """Rounds of the first version's handler and of the worker, in turn; `where` says how the stub answered."""

    where: str
    first: Sequence[Mapping[str, float]]
    ours: Sequence[Drained]

    @property
    def ratio(self) -> float:
        """The worker's rate beside the first version's."""
        return _median([each.rate for each in self.ours]) / _median([each["rate"] for each in self.first])

    @property
    def writes(self) -> float:
        """The worker's UpdateItems for one event."""
        return _median([each.writes for each in self.ours])

    @property
    def figures(self) -> list[Figure]:
        """All that was measured."""
        theirs, worker = f"the first version's handler, {self.where}", f"this worker, {self.where}"
        return [
            Figure(name=theirs, unit="events/s", rounds=[each["rate"] for each in self.first]),
            Figure(name=f"{theirs}: processor", unit="µs/event", rounds=[each["cpu_us"] for each in self.first]),
            Figure(name=worker, unit="events/s", rounds=[each.rate for each in self.ours]),
            Figure(name=f"{worker}: processor", unit="µs/event", rounds=[each.cpu_us for each in self.ours]),
            Figure(name=f"{worker}: writes", unit="writes/event", rounds=[each.writes for each in self.ours]),
            Figure(name=f"{worker}: SQS", unit="calls/event", rounds=[each.sqs_calls for each in self.ours]),
        ]


def _on_stub(bench: Bench, *, messages: int, turn: int, answers_ms: float = 0) -> OnStub:
    """Let both work on the stub, in turn; `turn` messages wait at a time, and each call takes `answers_ms`."""
    first, ours = [], []
    with stub_client(bench.stub) as stub:
        stub.post("/delay", params={"ms": answers_ms})
        try:
            for _ in range(min(3, bench.rounds)):
                first.append(_invoked(bench, bench.stub))
                ours.append(drain_stub(bench.stub, messages=messages, turn=turn))
        finally:
            stub.post("/delay", params={"ms": 0})
    where = f"on the stub, each answer after {answers_ms:g} ms" if answers_ms else "on the stub"
    return OnStub(where=where, first=first, ours=ours)


def _median(rounds: Sequence[float]) -> float:
    return Figure(name="", unit="", rounds=rounds).median


def _emulator_limit(bench: Bench) -> float:
    port = bench.world.stack.endpoint_url.rsplit(":", 1)[-1]
    arguments = ("--port", port, "--clients", "32", "--seconds", str(bench.seconds))
    found: Any = json.loads(asked("bench.http_load", *arguments, said=raw_update(bench.world)))
    return float(found["rate"])
