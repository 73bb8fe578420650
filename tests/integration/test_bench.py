"""The benchmark's parts do what its table takes for granted; what they find is no test's business."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import islice

import httpx
import pytest

from bench.bench_aws import BenchAws
from bench.harness import Bench
from bench.job_events import backlog
from bench.queue_drain import drain_stub
from bench.results import Figure, Report, Row, at_least
from transcode.job import Progressed
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A quick run, on the stub."""
    with closing(Bench(quick=True, memory_s=1)) as opened:
        yield opened


def test_the_events_are_what_the_worker_reads() -> None:
    """Each job's in turn, each newer than its last."""
    reader = MessageParser(input_bucket="bench-in", upload_prefix="uploads/", sanitiser=Sanitiser(secrets=()))
    bodies = islice(backlog(jobs=2, input_bucket="bench-in"), 4)
    meanings = [meaning for body in bodies for meaning in reader.parse_events(body)]
    first, _, second, _ = meanings
    assert isinstance(first, Progressed)
    assert isinstance(second, Progressed)
    assert first.job_id == second.job_id
    assert first.time_ms < second.time_ms


def test_clients_and_counts_tell_what_a_server_did(bench: Bench) -> None:
    """This service against the stub: every answer is the job that was asked for, and few calls are made for many."""
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
    """Every event is handled and deleted, and a backlog takes fewer writes than events."""
    bench_aws: BenchAws = bench.stub
    drained = drain_stub(bench_aws, messages=300, batch=300, jobs=20)
    assert drained.events == 300
    assert 20 / 300 <= drained.writes < 1


def test_a_report_tells_what_was_missed() -> None:
    """In words that a reader of the table can't overlook; a row that failed is one of them."""
    figure = Figure(name="rate", unit="/s", rounds=[3, 1, 2])
    rows = [
        Row(name="a", what="fast", figures=[figure], targets=[at_least("twice", 1.5, 2), at_least("once", 1.5, 1)]),
        Row(name="b", what="broken", error="BenchError: no answer"),
    ]
    told = Report(machine={"date": "today"}, rows=rows).as_markdown()
    assert "| fast | twice | 1.5 | **no** |" in told
    assert "| fast | once | 1.5 | yes |" in told
    assert "| rate | 2 /s (1 to 3) |" in told
    assert "BenchError: no answer" in told
