"""The one rule by which a job's events change it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.job import (
    FINAL,
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
    eta_s,
    worth_applying,
)

ID = "1763798400123-k3v9qa"
OUTPUT = Output(path="uploads/1/cat.mp4_20251122080000-4be1c7/", playlists={".m3u8": "cat.m3u8"}, duration_ms=61_440)
RUNNING = Job(
    job_id=ID, status=Status.PROGRESSING, event_time_ms=50, started_ms=10, progress_percent=40, phase="TRANSCODING"
)


def progressed(time_ms: int, percent: int | None = None, phase: str | None = None) -> Progressed:
    """A progress event of the job."""
    return Progressed(job_id=ID, time_ms=time_ms, percent=percent, phase=phase)


def completed(time_ms: int, *codes: int) -> Completed:
    """A COMPLETE event of the job, with warnings of these codes."""
    return Completed(
        job_id=ID, time_ms=time_ms, output=OUTPUT, warnings=frozenset(JobWarning(code=code) for code in codes)
    )


def failed(time_ms: int) -> Failed:
    """An ERROR event of the job."""
    return Failed(job_id=ID, time_ms=time_ms, failure=Failure(code=1404, message="gone"))


def canceled(time_ms: int) -> Canceled:
    """A CANCELED event of the job."""
    return Canceled(job_id=ID, time_ms=time_ms)


def warned(time_ms: int, code: int = 7) -> WarningRaised:
    """A NEW_WARNING event of the job."""
    return WarningRaised(job_id=ID, time_ms=time_ms, warning=JobWarning(code=code, message="odd"))


def after(events: Sequence[JobEvent], job: Job | None = None) -> Job:
    """The job once all of these were applied in turn."""
    return reduce(advance, events, job or Job(job_id=ID))


TIMES = st.integers(1, 12)
EVENT = st.one_of(
    st.builds(progressed, TIMES, st.none() | st.integers(0, 100), st.sampled_from([None, "PROBING", "TRANSCODING"])),
    st.builds(completed, TIMES),
    st.builds(failed, TIMES),
    st.builds(canceled, TIMES),
    st.builds(warned, TIMES, st.integers(1, 3)),
)
EVENTS = st.lists(EVENT, max_size=12)


@pytest.mark.parametrize("status", sorted(FINAL))
@pytest.mark.parametrize(
    "event",
    [progressed(99, 50), completed(99), failed(99), canceled(99), warned(99)],
    ids=lambda event: type(event).__name__,
)
def test_final_is_final(status: Status, event: JobEvent) -> None:
    """Not even a newer final event of another kind changes a job that has ended."""
    job = replace(RUNNING, status=status)
    assert advance(job, event) is job


@pytest.mark.parametrize("time_ms", [1, 49, 50, 51])
@pytest.mark.parametrize(
    ("ending", "status"),
    [(completed(0), Status.COMPLETE), (failed(0), Status.ERROR), (canceled(0), Status.CANCELED)],
    ids=["complete", "error", "canceled"],
)
def test_a_final_event_ends_any_running_job(ending: JobEvent, status: Status, time_ms: int) -> None:
    """An older or equal timestamp than the last progress event's is still the truth."""
    job = advance(RUNNING, replace(ending, time_ms=time_ms))
    assert (job.status, job.event_time_ms, job.phase) == (status, time_ms, None)


def test_complete_brings_output_and_all_of_the_bar() -> None:
    """Whatever the last percentage was, a finished job shows 100, and the warnings of its whole life."""
    job = advance(advance(RUNNING, warned(51)), completed(60, 3))
    assert (job.progress_percent, job.output, job.failure) == (100, OUTPUT, None)
    assert job.warnings == {JobWarning(code=7, message="odd"), JobWarning(code=3)}


def test_error_brings_its_reason_and_leaves_the_percentage() -> None:
    """How far a failed job came stays to be seen; an output it has none."""
    job = advance(RUNNING, failed(60))
    assert (job.failure, job.progress_percent, job.output) == (Failure(code=1404, message="gone"), 40, None)


@pytest.mark.parametrize("time_ms", [1, 49, 50])
def test_progress_no_newer_than_the_last_changes_nothing(time_ms: int) -> None:
    """A late or repeated event is passed over, however high its percentage."""
    assert advance(RUNNING, progressed(time_ms, 90, "UPLOADING")) is RUNNING


@pytest.mark.parametrize(
    ("percent", "phase", "shown"),
    [
        (41, "UPLOADING", (41, "UPLOADING")),
        (39, "UPLOADING", (40, "UPLOADING")),
        (0, None, (40, "TRANSCODING")),
        (None, "UPLOADING", (40, "UPLOADING")),
        (None, None, (40, "TRANSCODING")),
    ],
)
def test_newer_progress_counts_where_it_says_something(
    percent: int | None, phase: str | None, shown: tuple[int, str]
) -> None:
    """The percentage never falls, and what an event doesn't give stays as it was."""
    job = advance(RUNNING, progressed(51, percent, phase))
    assert (job.progress_percent, job.phase) == shown
    assert (job.event_time_ms, job.started_ms) == (51, 10)


def test_the_first_progress_starts_the_job() -> None:
    """PROGRESSING alone moves a submitted job on, and says nothing of how far it is."""
    job = advance(Job(job_id=ID), progressed(5))
    assert (job.status, job.started_ms, job.event_time_ms) == (Status.PROGRESSING, 5, 5)
    assert (job.progress_percent, job.phase) == (None, None)


def test_a_percentage_of_zero_is_known() -> None:
    """0 % is not the same as no percentage."""
    assert after([progressed(5, 0)]).progress_percent == 0


def test_warnings_add_up_in_any_order() -> None:
    """A warning changes neither status nor clock, so its timestamp doesn't matter; a repeated one changes nothing."""
    once = advance(RUNNING, warned(3, code=1))
    both = advance(once, warned(2, code=2))
    assert {warning.code for warning in both.warnings} == {1, 2}
    assert advance(both, warned(99, code=1)) is both
    assert replace(both, warnings=frozenset()) == RUNNING


TYPICAL: list[JobEvent] = [
    progressed(10),
    progressed(20, 30, "TRANSCODING"),
    progressed(30, 80, "UPLOADING"),
    warned(25),
    completed(40),
]


@pytest.mark.parametrize("repeated", TYPICAL, ids=lambda event: f"{type(event).__name__}-{event.time_ms}")
def test_every_order_of_delivery_ends_complete(repeated: JobEvent) -> None:
    """Unordered, repeated delivery of a whole job's events leaves it COMPLETE at 100 % with its output."""
    for events in permutations([*TYPICAL, repeated]):
        job = after(events)
        assert (job.status, job.progress_percent, job.output) == (Status.COMPLETE, 100, OUTPUT)


@given(EVENTS)
def test_nothing_that_readers_see_goes_backwards(events: list[JobEvent]) -> None:
    """Percentage and progress clock never fall, a status never goes back to an earlier one."""
    rank = {Status.SUBMITTED: 0, Status.PROGRESSING: 1, **dict.fromkeys(FINAL, 2)}
    job = Job(job_id=ID)
    for event in events:
        following = advance(job, event)
        assert (following.progress_percent or 0) >= (job.progress_percent or 0)
        assert rank[following.status] >= rank[job.status]
        assert following.status.is_final or following.event_time_ms >= job.event_time_ms
        assert following.warnings >= job.warnings
        job = following


@given(EVENTS)
def test_an_event_that_comes_again_changes_nothing(events: list[JobEvent]) -> None:
    """Whatever came in between, a second delivery of any event leaves the very same object."""
    job = after(events)
    for event in events:
        assert advance(job, event) is job


@given(EVENTS)
def test_once_the_chosen_events_are_applied_the_rest_change_nothing(events: list[JobEvent]) -> None:
    """This is why the rest of a backlog may be deleted unread."""
    chosen = worth_applying(events)
    job = after([events[position] for position in chosen])
    rest = [event for position, event in enumerate(events) if position not in chosen]
    assert after(rest, job) is job


@given(EVENTS)
def test_a_backlog_of_progress_is_one_write(events: list[JobEvent]) -> None:
    """At most one progress event and one final one are chosen, each once, and the final one last."""
    chosen = [events[position] for position in worth_applying(events)]
    kinds = [isinstance(event, Progressed) for event in chosen]
    final = [event for event in chosen if isinstance(event, Completed | Failed | Canceled)]
    assert len(set(worth_applying(events))) == len(chosen)
    assert sum(kinds) <= 1
    assert final in ([], chosen[-1:])
    assert bool(final) == any(isinstance(event, Completed | Failed | Canceled) for event in events)


def test_the_newest_progress_and_the_earliest_end_are_chosen() -> None:
    """Places in the batch don't matter, timestamps do; a warning said twice is written once."""
    events: list[JobEvent] = [
        failed(9),
        warned(1),
        progressed(5, 50),
        progressed(8, 80),
        progressed(7, 70),
        canceled(6),
        warned(2),
    ]
    assert worth_applying(events) == [1, 3, 5]


def test_an_empty_backlog_asks_for_nothing() -> None:
    """No event, no write."""
    assert worth_applying([]) == []


@pytest.mark.parametrize(
    "job",
    [
        Job(job_id=ID),
        replace(RUNNING, progress_percent=None),
        replace(RUNNING, progress_percent=0),
        replace(RUNNING, started_ms=None),
        replace(RUNNING, started_ms=50),
        replace(RUNNING, status=Status.COMPLETE, progress_percent=100),
        replace(RUNNING, status=Status.ERROR),
    ],
    ids=["waiting", "no-percent", "zero", "no-start", "first-event", "complete", "error"],
)
def test_without_a_rate_there_is_no_estimate(job: Job) -> None:
    """A job that hasn't moved, or has ended, has no time left that could be known."""
    assert eta_s(job, now_ms=60) is None


@pytest.mark.parametrize(("now_ms", "expected"), [(120_000, 60), (150_000, 30), (180_000, 0), (999_000, None)])
def test_the_estimate_counts_down_at_the_rate_so_far(now_ms: int, expected: int | None) -> None:
    """Half done in a minute leaves a minute, less the time since that was said; overdue, nothing is known."""
    job = replace(RUNNING, started_ms=60_000, event_time_ms=120_000, progress_percent=50)
    assert eta_s(job, now_ms=now_ms) == expected


def test_a_start_that_nobody_saw_does_not_speed_the_estimate() -> None:
    """First seen at 60 %, ten points in ten seconds leave thirty seconds, not four."""
    job = replace(RUNNING, started_ms=10_000, started_percent=60, event_time_ms=20_000, progress_percent=70)
    assert eta_s(job, now_ms=20_000) == 30


def test_waiting_in_the_queue_does_not_slow_the_estimate() -> None:
    """The rate is that since the job started, however long ago it was submitted."""
    job = replace(RUNNING, submitted_s=0, started_ms=3_600_000, event_time_ms=3_610_000, progress_percent=10)
    assert eta_s(job, now_ms=3_610_000) == 90
