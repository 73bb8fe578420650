"""Rows "streams" and "streams-many": the cost of streams of few jobs, and the time until all of them have a change."""

import json
import resource
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from bench.bench_aws import BenchAws, free_port
from bench.harness import Bench, wait_for
from bench.job_events import job_ids
from bench.measured_processes import BenchError, MeasuredProcess, running_module
from bench.results import Figure, Row, Target, at_most

STREAMS, MANY_STREAMS, JOBS = 5_000, 18_500, 100
SPARE_FILES = 500
TWO_INTERVALS_S = 20
"""Seconds in which the hub reads each job equally often, whenever it began."""
FLOORS = {"a bare ASGI application on uvicorn": "bench.bare_asgi_streams", "a bare protocol": "bench.bare_streams"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamsCost:
    """The measured cost of a number of streams."""

    streams: int
    idle_mb: float
    open_mb: float
    reached_s: list[float]
    reads_per_second: float
    cpu_us: float
    """The service's processor time per event and client."""

    @property
    def kb(self) -> float:
        """The memory of a stream."""
        return 1024 * (self.open_mb - self.idle_mb) / self.streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The measured cost of a stream of a program that only writes bytes."""

    kb: float
    cpu_us: float


def streams(bench: Bench) -> Row:
    """Measure five thousand streams of a hundred jobs that all change at the same moment."""
    many_streams = 500 if bench.quick else STREAMS
    few = measure_streams(bench, streams=many_streams // 5, rounds=bench.rounds)
    many = measure_streams(bench, streams=many_streams, rounds=bench.rounds)
    return Row(
        name="streams",
        what=f"{many_streams:,} SSE watchers of 100 jobs on one process",
        figures=[
            Figure(name="memory with all of them", unit="MB", rounds=[many.open_mb]),
            Figure(name="memory before the first", unit="MB", rounds=[many.idle_mb]),
            Figure(name="every job changed → last watcher notified", unit="s", rounds=many.reached_s),
            *_cost_figures(many, rounds=bench.rounds),
            Figure(name="BatchGetItem calls", unit="calls/s", rounds=[many.reads_per_second]),
            Figure(name=f"the same with {many_streams // 5:,} watchers", unit="calls/s", rounds=[few.reads_per_second]),
        ],
        targets=[
            *_cost_targets(many),
            at_most(
                "most changes that no schedule announces: last watcher within 5.5 s",
                statistics.median(many.reached_s),
                5.5,
            ),
            at_most("after an event off the schedule: last watcher within 10.5 s", max(many.reached_s), 10.5),
            at_most(
                "calls per second: at most those with a fifth of the watchers",
                many.reads_per_second - few.reads_per_second,
                0.3,
            ),
        ],
        limit=(
            "The wait for the next read, up to 5 s off the schedule, and up to 10 s after an event that came off it; "
            "then writing an event to each stream."
        ),
    )


def many_streams(bench: Bench) -> Row:
    """Measure as many streams as one process of the service can hold with 20,000 open files."""
    streams = 1_000 if bench.quick else MANY_STREAMS
    what = f"{streams:,} SSE watchers of 100 jobs on one process"
    if (hard_limit := _open_files_limit()) < streams + SPARE_FILES:
        needed = f"it needs {streams + SPARE_FILES:,} open files, and `ulimit -Hn` says {hard_limit:,}"
        return Row(name="streams-many", what=what, limit=f"Skipped: {needed}.")
    found = measure_streams(bench, streams=streams, rounds=bench.rounds)
    return Row(
        name="streams-many",
        what=what,
        figures=[
            *_cost_figures(found, rounds=bench.rounds),
            Figure(name="every job changed → last watcher notified", unit="s", rounds=found.reached_s),
        ],
        targets=_cost_targets(found),
        limit="The service's one core: writing an event to each stream.",
    )


def _cost_figures(found: StreamsCost, *, rounds: int) -> list[Figure]:
    floors = {name: measure_floor(module, streams=found.streams, rounds=rounds) for name, module in FLOORS.items()}
    memory = {"memory per stream": found.kb, **{f"the same, {name}": each.kb for name, each in floors.items()}}
    processor = {
        "processor time per event and client": found.cpu_us,
        **{f"the same, {name}": each.cpu_us for name, each in floors.items()},
    }
    return [
        *(Figure(name=name, unit="kB", rounds=[kb]) for name, kb in memory.items()),
        *(Figure(name=name, unit="µs", rounds=[cpu_us]) for name, cpu_us in processor.items()),
    ]


def _cost_targets(found: StreamsCost) -> list[Target]:
    return [
        at_most("at most 15 kB per stream", found.kb, 15),
        at_most("at most 40 µs per event and client", found.cpu_us, 40),
    ]


def measure_streams(bench: Bench, *, streams: int, rounds: int, jobs: int = JOBS) -> StreamsCost:
    """Open the streams, change all jobs `rounds` times, and measure."""
    ids = job_ids(jobs, run="live")
    bench.emulator.put_jobs(ids)
    with ExitStack() as stack:
        _raise_open_files_limit(streams + SPARE_FILES)
        service = bench.serve(stack, "service", bench.emulator)
        idle_mb = service.memory_mb()
        clients = stack.enter_context(_watching(service, ids, streams))
        wait_for("all streams open", lambda: clients.waves() >= 1, deadline_s=600)
        time.sleep(2)
        open_mb, cpu_s = service.memory_mb(), service.cpu_s()
        reached_s = [_change(bench.emulator, clients, ids, wave=2 + at) for at in range(rounds)]
        cpu_us = 1e6 * (service.cpu_s() - cpu_s) / (rounds * streams)
        return StreamsCost(
            streams=streams,
            idle_mb=idle_mb,
            open_mb=max(open_mb, service.memory_mb()),
            reached_s=reached_s,
            reads_per_second=_reads_per_second(service, over_s=2 if bench.quick else TWO_INTERVALS_S),
            cpu_us=cpu_us,
        )


def measure_floor(module: str, *, streams: int, rounds: int) -> Floor:
    """Open the streams of a bare program, send an event to all of them `rounds` times, and measure."""
    with running_module(module, port=free_port()) as server:
        idle_mb = server.memory_mb()
        with _watching(server, ["any"], streams) as clients:
            wait_for("all bare streams open", lambda: clients.waves() >= 1, deadline_s=600)
            cpu_s = server.cpu_s()
            for at in range(rounds):
                httpx.post(f"http://127.0.0.1:{server.port}/wave", timeout=60, trust_env=False)
                wait_for("every client receives the event", partial(clients.have_received, wave=2 + at), deadline_s=60)
            cpu_us = 1e6 * (server.cpu_s() - cpu_s) / (rounds * streams)
            return Floor(kb=1024 * (server.memory_mb() - idle_mb) / streams, cpu_us=cpu_us)


@dataclass(frozen=True, slots=True)
class _Clients:
    log: Path

    def waves(self) -> int:
        """Return the number of waves that have reached all clients."""
        return len(self.log.read_text().splitlines())

    def have_received(self, *, wave: int) -> bool:
        """Return whether the wave has reached all clients."""
        return self.waves() >= wave

    def at_s(self, wave: int) -> float:
        """Return the time at which the wave had reached all clients."""
        at_s: float = json.loads(self.log.read_text().splitlines()[wave - 1])["at_s"]
        return at_s


@contextmanager
def _watching(service: MeasuredProcess, ids: list[str], streams: int) -> Iterator[_Clients]:
    arguments = ("--port", str(service.port), "--jobs", ",".join(ids), "--streams", str(streams))
    with running_module("bench.sse_clients", *arguments) as process:
        yield _Clients(process.log)


def _change(bench_aws: BenchAws, clients: _Clients, ids: list[str], *, wave: int) -> float:
    """Change every job, and return the time until every client has received its event."""
    time.sleep(0.37 * wave % 1)  # another offset within the tick in each wave
    began_s = time.monotonic()
    bench_aws.put_jobs(ids, percent=wave)
    wait_for("every client receives the change", lambda: clients.waves() >= wave, deadline_s=60)
    return clients.at_s(wave) - began_s


def _reads_per_second(service: MeasuredProcess, *, over_s: float) -> float:
    calls = service.calls()["dynamodb:BatchGetItem"]
    time.sleep(over_s)
    return (service.calls()["dynamodb:BatchGetItem"] - calls) / over_s


def _raise_open_files_limit(count: int) -> None:
    """Raise the limit of open files for the processes to start; each connection is one.

    Raises:
        BenchError: the machine's limit is lower.
    """
    hard_limit = _open_files_limit()
    if hard_limit < count:
        raise BenchError(f"{count:,} open files are needed, and `ulimit -Hn` says {hard_limit:,}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


def _open_files_limit() -> int:
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    return hard_limit
