"""The status table follows the pure rule, on a real DynamoDB emulator."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.provision import Stack
from tests.declared_permissions import SERVICE_OR_WORKER
from tests.integration.aws_call_recorder import AwsCallRecorder
from tests.integration.stores import LIFETIMES, OUTPUT_TTL_S, STATUS_TTL_S, Stores
from transcode.aws import Aws
from transcode.job import (
    Canceled,
    Completed,
    Failed,
    Failure,
    Job,
    JobEvent,
    JobWarning,
    Output,
    Progressed,
    Rendition,
    Status,
    WarningRaised,
    advance,
)
from transcode.lifetimes import Lifetimes
from transcode.status_table import StatusTable

NOW_S = 1_900_000_000

OUTPUT = Output(
    path="uploads/1/clip.mp4_20261122083000-0a1b2c/",
    playlists={".m3u8": "clip.m3u8"},
    duration_ms=20_000,
    width_px=1280,
    height_px=720,
    renditions=(
        Rendition(
            width_px=1280, height_px=720, duration_ms=20_000, playlist="clip_720p.m3u8", average_bitrate_bps=900_000
        ),
    ),
)


def without_row_times(job: Job) -> Job:
    """Return the job without the table's own times, which the rule doesn't know."""
    return replace(job, submitted_s=None, updated_s=None)


async def read_row(stores: Stores, job_id: str) -> Job:
    """Return the job's row; fail if there is none."""
    job = await stores.statuses.get(job_id, now_s=NOW_S, consistent=True)
    assert job is not None
    return job


async def test_a_submitted_job_waits_for_its_first_event(stores: Stores, job_id: str) -> None:
    """SUBMITTED has no percentage, and keeps the upload's values."""
    await stores.statuses.submit(Job(job_id=job_id, input_file="uploads/1/a.mp4", file_name="ä.mp4"), now_s=NOW_S)
    job = await read_row(stores, job_id)
    assert job.status is Status.SUBMITTED
    assert job.progress_percent is None
    assert (job.input_file, job.file_name, job.submitted_s) == ("uploads/1/a.mp4", "ä.mp4", NOW_S)


async def test_submitting_after_the_first_event_only_adds_values(stores: Stores, job_id: str) -> None:
    """MediaConvert's event can come before the worker's own write."""
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=5, percent=40), now_s=NOW_S)
    await stores.statuses.submit(Job(job_id=job_id, input_file="uploads/1/a.mp4"), now_s=NOW_S)
    job = await read_row(stores, job_id)
    assert (job.status, job.progress_percent, job.input_file) == (Status.PROGRESSING, 40, "uploads/1/a.mp4")


async def test_a_requested_cancel_is_kept_until_the_job_ends(stores: Stores, job_id: str) -> None:
    """Progress doesn't change it, an end removes it, and a job that is over gets no request."""
    await stores.statuses.submit(Job(job_id=job_id), now_s=NOW_S)
    assert await stores.statuses.request_cancel(job_id, now_s=NOW_S) is None
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=5, percent=40), now_s=NOW_S)
    assert (await read_row(stores, job_id)).cancel_requested
    await stores.statuses.advance(Completed(job_id=job_id, time_ms=6, output=OUTPUT), now_s=NOW_S)
    ended = await stores.statuses.request_cancel(job_id, now_s=NOW_S)
    assert ended is not None
    assert ended.status is Status.COMPLETE
    assert not (await read_row(stores, job_id)).cancel_requested


async def test_a_finished_job_keeps_its_output(stores: Stores, job_id: str) -> None:
    """The row has what COMPLETE wrote."""
    event = Completed(job_id=job_id, time_ms=9, output=OUTPUT, warnings=frozenset({JobWarning(code=230001)}))
    assert await stores.statuses.advance(event, now_s=NOW_S)
    job = await read_row(stores, job_id)
    assert without_row_times(job) == advance(Job(job_id=job_id), event)


@pytest.mark.parametrize("final", ["COMPLETE", "ERROR", "CANCELED"])
async def test_a_late_progress_event_never_reopens_a_finished_job(stores: Stores, job_id: str, final: str) -> None:
    """A common mistake in programs that copy events to a table."""
    ending: dict[str, JobEvent] = {
        "COMPLETE": Completed(job_id=job_id, time_ms=9, output=OUTPUT),
        "ERROR": Failed(job_id=job_id, time_ms=9, failure=Failure(code=1010, message="unreadable")),
        "CANCELED": Canceled(job_id=job_id, time_ms=9),
    }
    await stores.statuses.advance(ending[final], now_s=NOW_S)
    assert not await stores.statuses.advance(Progressed(job_id=job_id, time_ms=99, percent=50), now_s=NOW_S)
    assert (await read_row(stores, job_id)).status == final


async def test_an_expired_row_is_missing(stores: Stores, job_id: str) -> None:
    """DynamoDB deletes rows up to two days late; a reader treats them as missing at once."""
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=1), now_s=NOW_S)
    assert await stores.statuses.get(job_id, now_s=NOW_S + STATUS_TTL_S - 1) is not None
    assert await stores.statuses.get(job_id, now_s=NOW_S + STATUS_TTL_S) is None


async def test_the_row_of_a_waiting_job_outlives_its_wait(stores: Stores, job_id: str) -> None:
    """Nothing changes a waiting job's row, so it must outlive the wait."""
    await stores.statuses.submit(Job(job_id=job_id), now_s=NOW_S)
    assert await stores.statuses.get(job_id, now_s=NOW_S + OUTPUT_TTL_S - 1) is not None


async def test_a_progress_event_costs_one_write_and_no_read(aws: Aws, stores: Stores, job_id: str) -> None:
    """Counted at the client, because the calls cost money."""
    calls: list[str] = []
    client = await aws.dynamodb()
    client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    statuses = StatusTable(client, stores.statuses.table, Lifetimes(changed_s=60, waiting_s=60))
    for percent in (10, 20, 30):
        await statuses.advance(Progressed(job_id=job_id, time_ms=percent, percent=percent), now_s=NOW_S)
    assert calls == ["UpdateItem"] * 3


async def test_a_lower_percentage_changes_only_the_phase(stores: Stores, job_id: str) -> None:
    """MediaConvert retries a segment, and its percentage falls."""
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=1, percent=60, phase="UPLOADING"), now_s=NOW_S)
    later = Progressed(job_id=job_id, time_ms=2, percent=30, phase="TRANSCODING")
    assert await stores.statuses.advance(later, now_s=NOW_S)
    job = await read_row(stores, job_id)
    assert (job.progress_percent, job.phase, job.event_time_ms) == (60, "TRANSCODING", 2)


TIMES = st.integers(min_value=1, max_value=6)
EVENTS = st.one_of(
    st.builds(
        Progressed,
        job_id=st.just("j"),
        time_ms=TIMES,
        percent=st.none() | st.integers(min_value=0, max_value=100),
        phase=st.none() | st.sampled_from(["PROBING", "TRANSCODING", "UPLOADING"]),
    ),
    st.builds(
        WarningRaised,
        job_id=st.just("j"),
        time_ms=TIMES,
        warning=st.builds(
            JobWarning, code=st.integers(min_value=0, max_value=3), message=st.sampled_from(["", "slow"])
        ),
    ),
    st.builds(Completed, job_id=st.just("j"), time_ms=TIMES, output=st.just(OUTPUT)),
    st.builds(
        Failed,
        job_id=st.just("j"),
        time_ms=TIMES,
        failure=st.builds(Failure, code=st.just(1010), message=st.just("unreadable")),
    ),
    st.builds(Canceled, job_id=st.just("j"), time_ms=TIMES),
)
_runs = iter(range(10_000))


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all examples of a test."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def table(runner: asyncio.Runner, stack: Stack, aws_calls: AwsCallRecorder) -> Iterator[StatusTable]:
    """The status table, in the runner's loop."""
    opening = aws_calls.open_aws(SERVICE_OR_WORKER, region="us-east-1", endpoint_url=stack.endpoint_url)
    opened = runner.run(opening.__aenter__())
    client = runner.run(opened.dynamodb())
    yield StatusTable(client, stack.status_table, LIFETIMES)
    runner.run(opening.__aexit__(None, None, None))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, min_size=1, max_size=12))
def test_the_table_and_the_rule_agree_on_any_events_in_any_order(
    runner: asyncio.Runner, table: StatusTable, job_id: str, events: Sequence[JobEvent]
) -> None:
    """The model-based test: the conditional write does what the pure function says, and returns whether it did."""
    run_id = f"{job_id}-{next(_runs)}"
    job = Job(job_id=run_id)
    for event in (replace(event, job_id=run_id) for event in events):
        changed = runner.run(table.advance(event, now_s=NOW_S))
        after = advance(job, event)
        assert changed or after == job
        job = after
    row = runner.run(table.get(run_id, now_s=NOW_S, consistent=True))
    assert row is not None
    assert without_row_times(row) == job
