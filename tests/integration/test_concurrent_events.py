"""Several workers apply the events of several jobs in any schedule: the rows end as the rules define."""

import asyncio
import itertools
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.provision import Stack
from tests.declared_permissions import WORKER
from tests.integration.aws_call_recorder import AwsCallRecorder
from tests.integration.stores import LIFETIMES
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
    Status,
    WarningRaised,
    advance,
    worth_applying,
)
from transcode.status_table import StatusTable

NOW_S = 1_900_000_000
WORKERS = 3
OUTPUT = Output(path="a/", playlists={".m3u8": "a.m3u8"}, duration_ms=20_000, width_px=1280, height_px=720)
FAILURE = Failure(code=1010, message="unreadable")
ENDS = {Completed: Status.COMPLETE, Failed: Status.ERROR, Canceled: Status.CANCELED}
SCHEDULES = int(os.environ.get("SCHEDULES", "60"))

TIMES = st.integers(min_value=1, max_value=5)
PROGRESS = st.builds(
    Progressed,
    job_id=st.just("j"),
    time_ms=TIMES,
    percent=st.none() | st.integers(min_value=0, max_value=100),
    phase=st.none() | st.sampled_from(["PROBING", "TRANSCODING", "UPLOADING"]),
)
WARNING = st.builds(
    WarningRaised, job_id=st.just("j"), time_ms=TIMES, warning=st.builds(JobWarning, code=st.integers(0, 2))
)
FINAL: st.SearchStrategy[JobEvent] = st.one_of(
    st.builds(Completed, job_id=st.just("j"), time_ms=TIMES, output=st.just(OUTPUT)),
    st.builds(Failed, job_id=st.just("j"), time_ms=TIMES, failure=st.just(FAILURE)),
    st.builds(Canceled, job_id=st.just("j"), time_ms=TIMES),
)


@st.composite
def deliveries(draw: st.DrawFn) -> list[JobEvent]:
    """Draw the deliveries of one job: any progress events in any order, at most two ends, some events twice."""
    events: list[JobEvent] = draw(st.lists(st.one_of(PROGRESS, PROGRESS, WARNING), max_size=6))
    events += draw(st.lists(FINAL, max_size=2))
    twice = draw(st.lists(st.sampled_from(events), max_size=3)) if events else []
    return draw(st.permutations(events + twice))


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The deliveries of one job, and the worker of each."""

    events: list[JobEvent]
    workers: list[int]

    def shares(self) -> list[list[JobEvent]]:
        """Return each worker's events, in order: the first worker gets them as one batch, the others one by one."""
        shares = [
            [event for event, at in zip(self.events, self.workers, strict=True) if at == w] for w in range(WORKERS)
        ]
        return [[shares[0][at] for at in worth_applying(shares[0])], *shares[1:]]


@st.composite
def schedules(draw: st.DrawFn) -> list[Schedule]:
    """Draw the schedules of one to three jobs."""
    lists = draw(st.lists(deliveries(), min_size=1, max_size=3))
    return [Schedule(events=each, workers=[draw(st.integers(0, WORKERS - 1)) for _ in each]) for each in lists]


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Status tables with a client each, in one event loop for all examples of a test."""

    runner: asyncio.Runner
    tables: list[StatusTable]

    def play(self, given_schedules: Sequence[Schedule]) -> list[list[Job]]:
        """Run all workers on all jobs concurrently; return the observed states of each job, the last state last."""
        return self.runner.run(self._play(given_schedules))

    async def _play(self, given_schedules: Sequence[Schedule]) -> list[list[Job]]:
        return await asyncio.gather(*(self._play_one(schedule) for schedule in given_schedules))

    async def _play_one(self, schedule: Schedule) -> list[Job]:
        run_id = f"concurrent-{secrets.token_hex(8)}"
        seen: list[Job] = []
        watching = asyncio.create_task(self._watch(run_id, seen))
        await asyncio.gather(
            *(self._work(table, run_id, events) for table, events in zip(self.tables, schedule.shares(), strict=True))
        )
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await self._read_once(run_id, seen)
        return seen

    async def _work(self, table: StatusTable, run_id: str, events: Sequence[JobEvent]) -> None:
        for event in events:
            await table.advance(replace(event, job_id=run_id), now_s=NOW_S)

    async def _watch(self, run_id: str, seen: list[Job]) -> None:
        while True:
            await self._read_once(run_id, seen)

    async def _read_once(self, run_id: str, seen: list[Job]) -> None:
        job = await self.tables[0].get(run_id, now_s=NOW_S, consistent=True)
        if job is not None:
            seen.append(replace(job, job_id="j", submitted_s=None, updated_s=None))


@pytest.fixture
def workers(stack: Stack, aws_calls: AwsCallRecorder) -> Iterator[Workers]:
    """Three workers."""
    with asyncio.Runner() as runner:
        opening = aws_calls.open_aws(WORKER, region="us-east-1", endpoint_url=stack.endpoint_url)
        aws = runner.run(opening.__aenter__())
        clients = [runner.run(aws.dynamodb()) for _ in range(WORKERS)]
        yield Workers(runner=runner, tables=[StatusTable(each, stack.status_table, LIFETIMES) for each in clients])
        runner.run(opening.__aexit__(None, None, None))


def possible_ends(shares: Sequence[Sequence[JobEvent]]) -> list[Job]:
    """Return every state in which the pure rule can end, over all interleavings of the workers."""
    reached: dict[tuple[int, ...], list[Job]] = {tuple(0 for _ in shares): [Job(job_id="j")]}
    for position in itertools.product(*(range(len(share) + 1) for share in shares)):
        for job in reached.get(position, []):
            for worker, share in enumerate(shares):
                if position[worker] < len(share):
                    following = (*position[:worker], position[worker] + 1, *position[worker + 1 :])
                    after = advance(job, share[position[worker]])
                    known = reached.setdefault(following, [])
                    if after not in known:
                        known.append(after)
    return reached[tuple(len(share) for share in shares)]


def assert_never_backwards(seen: Sequence[Job]) -> None:
    """Check that the percentage never falls, and that nothing follows an end but the same end."""
    for earlier, later in itertools.pairwise(seen):
        assert (earlier.progress_percent or 0) <= (later.progress_percent or 0)
        assert not earlier.status.is_final or earlier == later


def assert_one_end(end: Job) -> None:
    """Check that the row has the fields of one kind of final event only."""
    has_fields_of = {Status.COMPLETE: end.output is not None, Status.ERROR: end.failure is not None}
    assert all(has_fields == (end.status is status) for status, has_fields in has_fields_of.items())
    assert end.status is not Status.COMPLETE or end.progress_percent == 100


@settings(max_examples=SCHEDULES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_schedules=schedules())
def test_concurrent_writes_end_as_some_sequence_of_the_same_events(
    workers: Workers, given_schedules: Sequence[Schedule]
) -> None:
    """The conditional writes of concurrent workers have the same result as the pure rule, in some order."""
    for schedule, seen in zip(given_schedules, workers.play(given_schedules), strict=True):
        if not seen:
            assert not any(schedule.shares())
            continue
        assert_never_backwards(seen)
        assert_one_end(seen[-1])
        assert seen[-1] in possible_ends(schedule.shares())


@settings(max_examples=SCHEDULES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_schedules=schedules())
def test_the_order_of_events_changes_nothing_that_the_rules_fix(
    workers: Workers, given_schedules: Sequence[Schedule]
) -> None:
    """A job with one kind of end has that end; one without an end has the newest event's time and every warning."""
    for schedule, seen in zip(given_schedules, workers.play(given_schedules), strict=True):
        finals = {type(event) for event in schedule.events if not isinstance(event, Progressed | WarningRaised)}
        if len(finals) == 1:
            assert ENDS[next(iter(finals))] is seen[-1].status
        if not finals and seen:
            warnings = frozenset(event.warning for event in schedule.events if isinstance(event, WarningRaised))
            newest = max((event.time_ms for event in schedule.events if isinstance(event, Progressed)), default=0)
            assert (seen[-1].event_time_ms, seen[-1].warnings) == (newest, warnings)
