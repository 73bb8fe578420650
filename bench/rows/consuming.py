"""How fast the worker takes job events, and for how many writes, beside the first version's handler."""

import json
import secrets
import time
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import httpx

from bench.events import backlog
from bench.harness import Bench, wait_for
from bench.processes import Measured, asked, running
from bench.results import Figure, Row, at_least, at_most
from bench.world import World, raw_update
from transcode.aws import Aws

JOBS = 500
BACKLOG = 50_000
EMULATED_BACKLOG = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What it took to empty a queue."""

    events: int
    took_s: float
    cpu_us: float
    """The worker's processor time for one event."""
    writes: float
    """UpdateItems for one event."""
    sqs_calls: float
    """Receives and deletes for one event."""
    emulator: float = 0.0
    """The emulator's processor time, in cores."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.took_s


def steady(bench: Bench) -> Row:
    """One event of each of 500 jobs waits at a time: nothing to merge."""
    first, ours = [], []
    for _ in range(bench.rounds):
        first.append(_first_version(bench, bench.world))
        ours.append(drain(bench.world, messages=JOBS))
    stub_first, stub_ours = _on_stub(bench, messages=JOBS if bench.quick else 10 * JOBS, turn=JOBS)
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
        *_both_on_stub(stub_first, stub_ours),
    ]
    return Row(
        name="worker-steady",
        what="worker, steady events of 500 jobs",
        figures=figures,
        targets=[
            at_least("5 times the first version", figures[1].median / figures[0].median, 5),
            at_least("or the emulator at its limit: of its one core, at least 0.85 busy", busy.median, 0.85),
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
    stub_first, stub_ours = _on_stub(bench, messages=messages, turn=messages)
    figures = [
        Figure(name="the first version's handler", unit="events/s", rounds=first),
        Figure(name=f"this worker, {waiting:,} events waiting", unit="events/s", rounds=[each.rate for each in ours]),
        Figure(name="this worker: writes", unit="writes/event", rounds=[each.writes for each in ours]),
        *_both_on_stub(stub_first, stub_ours),
    ]
    on_stub = Figure(name="", unit="", rounds=[each.writes for each in stub_ours])
    rate_on_stub = Figure(name="", unit="", rounds=[each.rate for each in stub_ours]).median
    theirs = [each["rate"] for each in stub_first]
    return Row(
        name="worker-backlog",
        what="worker, backlog of 50,000 events of 500 jobs",
        figures=figures,
        targets=[
            at_most(f"at most 0.2 writes an event ({messages:,} events, stub)", on_stub.median, 0.2),
            at_least(
                "drained at 10 times the first version's rate, on the emulator",
                figures[1].median / figures[0].median,
                10,
            ),
            at_least("the same, both on the stub", rate_on_stub / Figure(name="", unit="", rounds=theirs).median, 10),
        ],
        limit=(
            "On the emulator: what it takes to hand out and delete ten messages. On the stub: the worker's one core, "
            "three quarters of it in botocore's calls of SQS, two for every ten events."
        ),
    )


def _first_version(bench: Bench, world: World) -> float:
    return float(_invoked(bench, world)["rate"])


def _invoked(bench: Bench, world: World) -> Any:  # noqa: ANN401 -- JSON
    return json.loads(
        asked("bench.invoke", "--seconds", str(bench.seconds), "--jobs", str(JOBS), settings=world.settings)
    )


def drain(world: World, *, messages: int) -> Drained:
    """Fill a queue of the emulator's, start a worker, and time it from its first receive until the queue is empty.

    A new queue each time: the emulator goes on with the long polls of a worker that has stopped.
    """
    url = world.with_aws(lambda aws: _filled_queue(aws, world, messages))
    settings = {**world.settings, "JOB_EVENTS_QUEUE_URL": url}
    with running("bench.launch", "worker", settings=settings) as worker:
        wait_for("the worker polls", lambda: worker.calls()["sqs:ReceiveMessage"] > 0, every_s=0.002)
        began_s, cpu_s, emulator_s = time.monotonic(), worker.cpu_s(), world.emulator_cpu_s()
        world.with_aws(lambda aws: _empty(aws, url))
        took_s = time.monotonic() - began_s
        drained = _drained(worker, events=messages, took_s=took_s, cpu_s=cpu_s)
        return replace(drained, emulator=(world.emulator_cpu_s() - emulator_s) / took_s)


def _drained(worker: Measured, *, events: int, took_s: float, cpu_s: float) -> Drained:
    calls = worker.calls()
    return Drained(
        events=events,
        took_s=took_s,
        cpu_us=1e6 * (worker.cpu_s() - cpu_s) / events,
        writes=calls["dynamodb:UpdateItem"] / events,
        sqs_calls=(calls["sqs:ReceiveMessage"] + calls["sqs:DeleteMessageBatch"]) / events,
    )


async def _filled_queue(aws: Aws, world: World, messages: int) -> str:
    sqs = await aws.sqs()
    url = await new_queue(aws, world)
    bodies = list(islice(backlog(jobs=JOBS, input_bucket=world.stack.input_bucket), messages))
    for at in range(0, messages, 10):
        entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies[at : at + 10])]
        await sqs.send_message_batch(QueueUrl=url, Entries=entries)
    return url


async def new_queue(aws: Aws, world: World) -> str:
    """Make a queue like that of the job events, and return its address."""
    sqs = await aws.sqs()
    names: Any = ["RedrivePolicy", "VisibilityTimeout"]
    like = await sqs.get_queue_attributes(QueueUrl=world.stack.job_events_queue_url, AttributeNames=names)
    attributes: Any = {name: like["Attributes"][name] for name in names}
    return (await sqs.create_queue(QueueName=f"bench-{secrets.token_hex(6)}", Attributes=attributes))["QueueUrl"]


async def _empty(aws: Aws, url: str) -> None:
    sqs = await aws.sqs()
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    deadline_s = time.monotonic() + 300
    while time.monotonic() < deadline_s:
        attributes: Any = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names))["Attributes"]
        if not any(int(attributes[name]) for name in names):
            return
        time.sleep(0.02)  # noqa: ASYNC251 -- nothing else runs in this loop


def _on_stub(bench: Bench, *, messages: int, turn: int) -> tuple[list[Any], list[Drained]]:
    """Return the first version's rounds and the worker's on the stub, in turn; `turn` messages wait at a time."""
    first, ours = [], []
    for _ in range(min(3, bench.rounds)):
        first.append(_invoked(bench, bench.stub))
        ours.append(drain_stub(bench.stub, messages=messages, turn=turn))
    return first, ours


def drain_stub(world: World, *, messages: int, turn: int, jobs: int = JOBS) -> Drained:
    """Let a new worker empty the stub's queue, `turn` messages at a time."""
    url = world.settings["AWS_ENDPOINT_URL"]
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as stub:

        def load() -> None:
            stub.post("/load", params={"messages": turn, "jobs": jobs, "bucket": world.stack.input_bucket})

        with running("bench.launch", "worker", settings=world.settings) as worker:
            wait_for("the worker polls", lambda: worker.calls()["sqs:ReceiveMessage"] > 0)
            cpu_s, took_s = worker.cpu_s(), 0.0
            for _ in range(messages // turn):
                load()
                wait_for("the worker empties the stub's queue", lambda: stub.get("/progress").json()["deleted"] >= turn)
                took_s += stub.get("/progress").json()["took_s"]
            return _drained(worker, events=messages, took_s=took_s, cpu_s=cpu_s)


def _both_on_stub(first: list[Any], ours: list[Drained]) -> list[Figure]:
    return [
        Figure(
            name="the first version's handler, on the stub", unit="events/s", rounds=[each["rate"] for each in first]
        ),
        Figure(
            name="the first version's handler, on the stub: processor",
            unit="µs/event",
            rounds=[each["cpu_us"] for each in first],
        ),
        Figure(name="this worker, on the stub", unit="events/s", rounds=[each.rate for each in ours]),
        Figure(name="this worker, on the stub: processor", unit="µs/event", rounds=[each.cpu_us for each in ours]),
        Figure(name="this worker, on the stub: writes", unit="writes/event", rounds=[each.writes for each in ours]),
        Figure(name="this worker, on the stub: SQS", unit="calls/event", rounds=[each.sqs_calls for each in ours]),
    ]


def _emulator_limit(bench: Bench) -> float:
    port = bench.world.stack.endpoint_url.rsplit(":", 1)[-1]
    arguments = ("--port", port, "--clients", "32", "--seconds", str(bench.seconds))
    found: Any = json.loads(asked("bench.load", *arguments, said=raw_update(bench.world)))
    return float(found["rate"])
