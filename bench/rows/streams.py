"""What many streams of few jobs cost one process of the service, and how soon a change reaches the last of them."""

import json
import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.bench_aws import World
from bench.harness import Bench, wait_for
from bench.job_events import job_ids
from bench.measured_processes import BenchError, Measured, running
from bench.results import Figure, Row, at_most

STREAMS, JOBS = 5_000, 100
SPARE_FILES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What so many streams cost."""

    streams: int
    idle_mb: float
    open_mb: float
    reached_s: list[float]
    reads_a_second: float
    cpu_us: float
    """The service's processor time for one event sent to one client."""


def streams(bench: Bench) -> Row:
    """Five thousand streams of a hundred jobs, all of which change at the same moment."""
    most = 500 if bench.quick else STREAMS
    few = watched(bench, streams=most // 5, rounds=bench.rounds)
    many = watched(bench, streams=most, rounds=bench.rounds)
    return Row(
        name="streams",
        what=f"{most:,} SSE watchers of 100 jobs on one process",
        figures=[
            Figure(name="memory with all of them", unit="MB", rounds=[many.open_mb]),
            Figure(name="memory before the first", unit="MB", rounds=[many.idle_mb]),
            Figure(name="every job changed → last watcher told", unit="s", rounds=many.reached_s),
            Figure(name="processor for an event to a client", unit="µs", rounds=[many.cpu_us]),
            Figure(name="BatchGetItem calls", unit="calls/s", rounds=[many.reads_a_second]),
            Figure(name=f"the same with {most // 5:,} watchers", unit="calls/s", rounds=[few.reads_a_second]),
        ],
        targets=[
            at_most("under 300 MB", many.open_mb, 300),
            at_most("last watcher within 1.5 s at a 1 s tick (median)", median(many.reached_s), 1.5),
            at_most("calls a second: no more than with a fifth of them", many.reads_a_second - few.reads_a_second, 0.3),
        ],
        limit="Up to a second is the wait for the tick, half of one on average; the rest is writing an event to each.",
    )


def watched(bench: Bench, *, streams: int, rounds: int, jobs: int = JOBS) -> Watched:
    """Open so many streams, change all jobs a few times, and measure."""
    ids = job_ids(jobs, run="live")
    bench.world.put_jobs(ids)
    with ExitStack() as stack:
        _allow_files(streams + SPARE_FILES)
        service = bench.serve(stack, "service", bench.world)
        idle_mb = service.memory_mb()
        parsed = stack.enter_context(_watching(service, ids, streams))
        wait_for("all streams open", lambda: parsed.waves() >= 1, deadline_s=180)
        time.sleep(2)
        open_mb, cpu_s = service.memory_mb(), service.cpu_s()
        reached_s = [_change(bench.world, parsed, ids, wave=2 + at) for at in range(rounds)]
        cpu_us = 1e6 * (service.cpu_s() - cpu_s) / (rounds * streams)
        return Watched(
            streams=streams,
            idle_mb=idle_mb,
            open_mb=max(open_mb, service.memory_mb()),
            reached_s=reached_s,
            reads_a_second=_reads_a_second(service, over_s=2 if bench.quick else 8),
            cpu_us=cpu_us,
        )


@dataclass(frozen=True, slots=True)
class _Heard:
    log: Path

    def waves(self) -> int:
        """Return how many waves have reached everybody."""
        return len(self.log.read_text().splitlines())

    def at_s(self, wave: int) -> float:
        """Return when the wave had."""
        told: float = json.loads(self.log.read_text().splitlines()[wave - 1])["at_s"]
        return told


@contextmanager
def _watching(service: Measured, ids: list[str], streams: int) -> Iterator[_Heard]:
    arguments = ("--port", str(service.port), "--jobs", ",".join(ids), "--streams", str(streams))
    with running("bench.sse_clients", *arguments) as clients:
        yield _Heard(clients.log)


def _change(world: World, parsed: _Heard, ids: list[str], *, wave: int) -> float:
    """Change every job, and return how long it took until every client had parsed of it."""
    time.sleep(0.37 * wave % 1)  # at another moment of the tick each time
    began_s = time.monotonic()
    world.put_jobs(ids, percent=wave)
    wait_for("everybody hears of the change", lambda: parsed.waves() >= wave, deadline_s=60)
    return parsed.at_s(wave) - began_s


def _reads_a_second(service: Measured, *, over_s: float) -> float:
    calls = service.calls()["dynamodb:BatchGetItem"]
    time.sleep(over_s)
    return (service.calls()["dynamodb:BatchGetItem"] - calls) / over_s


def _allow_files(count: int) -> None:
    """Let the processes that are started next open so many files: each connection is one.

    Raises:
        BenchError: The machine allows fewer.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < count:
        raise BenchError(f"{count:,} open files are needed, and `ulimit -Hn` says {most:,}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
