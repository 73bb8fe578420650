"""The parts of the benchmark work; no test judges the figures that it measures."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import islice

import httpx
import pytest

from bench.bench_aws import BenchAws
from bench.harness import Bench
from bench.job_events import backlog
from bench.measured_processes import run_module
from bench.queue_drain import drain_stub
from bench.results import Figure, Report, Row, at_least
from bench.rows.streams import FLOORS, measure_floor
from transcode.job import Progressed
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A quick run on the stub of AWS."""
    with closing(Bench(quick=True, memory_s=1)) as opened:
        yield opened


def test_the_worker_can_parse_the_events() -> None:
    """The jobs take turns, and each event of a job is newer than the one before it."""
    reader = MessageParser(input_bucket="bench-in", upload_prefix="uploads/", sanitiser=Sanitiser(secrets=()))
    bodies = islice(backlog(jobs=2, input_bucket="bench-in"), 4)
    parsed = [event for body in bodies for event in reader.parse_events(body)]
    first, _, second, _ = parsed
    assert isinstance(first, Progressed)
    assert isinstance(second, Progressed)
    assert first.job_id == second.job_id
    assert first.time_ms < second.time_ms


def test_a_server_answers_the_clients_and_its_calls_are_counted(bench: Bench) -> None:
    """The service against the stub: it returns the requested job, and few AWS calls serve many requests."""
    with ExitStack() as stack:
        service = bench.serve(stack, "service", bench.stub)
        job = httpx.get(f"http://127.0.0.1:{service.port}/jobs/1-a", trust_env=False).json()
        load = bench.measure_requests(service, ["/jobs/1-a", "/jobs/1-b"], clients=16)
        calls = service.calls()
    assert job["job_id"] == "1-a"
    assert load.requests > 0
    assert 0 < load.calls < 1
    assert calls["dynamodb:BatchGetItem"] == sum(calls.values())


def test_a_worker_empties_the_stubs_queue(bench: Bench) -> None:
    """The worker handles and deletes all events, with fewer writes than events."""
    bench_aws: BenchAws = bench.stub
    drained = drain_stub(bench_aws, messages=300, batch=300, jobs=20)
    assert drained.events == 300
    assert 20 / 300 <= drained.writes < 1


@pytest.mark.parametrize("what", ["service_copy", "worker_copy"])
def test_a_copy_of_a_snapshot_handles_its_first_request(bench: Bench, what: str) -> None:
    """The time is that of the copy, without the initialisation."""
    found = json.loads(run_module("bench.cold_start", what, settings=bench.stub_over_https.settings))
    assert found["cpu_s"] > 0
    assert found["wall_s"] > 0


@pytest.mark.parametrize("module", FLOORS.values())
def test_the_floors_of_streams_are_programs_that_only_write(module: str) -> None:
    """Each of their clients receives each event."""
    found = measure_floor(module, streams=20, rounds=2)
    assert found.cpu_us >= 0


def test_the_report_shows_missed_targets() -> None:
    """It marks a missed target and a row that failed."""
    figure = Figure(name="rate", unit="/s", rounds=[3, 1, 2])
    rows = [
        Row(name="a", what="fast", figures=[figure], targets=[at_least("twice", 1.5, 2), at_least("once", 1.5, 1)]),
        Row(name="b", what="broken", error="BenchError: no answer"),
    ]
    markdown = Report(machine={"date": "today"}, rows=rows).as_markdown()
    assert "| fast | twice | 1.5 | **no** |" in markdown
    assert "| fast | once | 1.5 | yes |" in markdown
    assert "| rate | 2 /s (1 to 3) |" in markdown
    assert "BenchError: no answer" in markdown
