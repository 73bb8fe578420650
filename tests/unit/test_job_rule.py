"""The rule by which a job's events change the job."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.billing import Billing
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
    worth_applying,
)

ID = "1763798400123-k3v9qa"
BILLED = Billing(duration_ms=61_440, billable_ms=310_000)
OUTPUT = Output(path="uploads/1/cat.mp4_20251122080000-4be1c7/", playlists={".m3u8": "cat.m3u8"}, duration_ms=61_440)
RUNNING = Job(
    job_id=ID, status=Status.PROGRESSING, event_time_ms=50, started_ms=10, progress_percent=40, phase="TRANSCODING"
)


def progressed(time_ms: int, percent: int | None = None, phase: str | None = None) -> Progressed:
    """Return a progress event of the job."""
    return Progressed(job_id=ID, time_ms=time_ms, percent=percent, phase=phase)


def completed(time_ms: int, *codes: int) -> Completed:
    """Return a COMPLETE event of the job, with warnings of these codes."""
    return Completed(
        job_id=ID,
        time_ms=time_ms,
        output=OUTPUT,
        warnings=frozenset(JobWarning(code=code) for code in codes),
        billed=BILLED,
    )


def failed(time_ms: int) -> Failed:
    """Return an ERROR event of the job."""
    return Failed(job_id=ID, time_ms=time_ms, failure=Failure(code=1404, message="gone"))


def canceled(time_ms: int) -> Canceled:
    """Return a CANCELED event of the job."""
    return Canceled(job_id=ID, time_ms=time_ms)


def warned(time_ms: int, code: int = 7) -> WarningRaised:
    """Return a NEW_WARNING event of the job."""
    return WarningRaised(job_id=ID, time_ms=time_ms, warning=JobWarning(code=code, message="odd"))


def after(events: Sequence[JobEvent], job: Job | None = None) -> Job:
    """Return the job after these events were applied in this order."""
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
def test_no_event_changes_a_final_job(status: Status, event: JobEvent) -> None:
    """A newer final event of another type changes nothing either."""
    job = replace(RUNNING, status=status)
    assert advance(job, event) is job


@pytest.mark.parametrize("time_ms", [1, 49, 50, 51])
@pytest.mark.parametrize(
    ("ending", "status"),
    [(completed(0), Status.COMPLETE), (failed(0), Status.ERROR), (canceled(0), Status.CANCELED)],
    ids=["complete", "error", "canceled"],
)
def test_a_final_event_ends_a_running_job_whatever_its_timestamp(
    ending: JobEvent, status: Status, time_ms: int
) -> None:
    """The timestamp may be older than that of the last progress event."""
    job = advance(RUNNING, replace(ending, time_ms=time_ms))
    assert (job.status, job.event_time_ms, job.phase) == (status, time_ms, None)


def test_complete_sets_the_output_and_100_percent() -> None:
    """The job keeps its earlier warnings and adds those of the COMPLETE event."""
    job = advance(advance(RUNNING, warned(51)), completed(60, 3))
    assert (job.progress_percent, job.output, job.failure) == (100, OUTPUT, None)
    assert job.warnings == {JobWarning(code=7, message="odd"), JobWarning(code=3)}


def test_error_sets_the_failure_and_keeps_the_percentage() -> None:
    """A failed job has no output."""
    job = advance(RUNNING, failed(60))
    assert (job.failure, job.progress_percent, job.output) == (Failure(code=1404, message="gone"), 40, None)


@pytest.mark.parametrize("time_ms", [1, 49, 50])
def test_progress_that_is_not_newer_changes_nothing(time_ms: int) -> None:
    """The rule skips a late or repeated event, however high its percentage is."""
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
def test_newer_progress_changes_only_the_fields_that_it_has(
    percent: int | None, phase: str | None, shown: tuple[int, str]
) -> None:
    """The percentage never decreases, and a field that the event lacks keeps its value."""
    job = advance(RUNNING, progressed(51, percent, phase))
    assert (job.progress_percent, job.phase) == shown
    assert (job.event_time_ms, job.started_ms) == (51, 10)


def test_the_first_progress_event_starts_the_job() -> None:
    """A PROGRESSING event alone advances a submitted job, without a percentage."""
    job = advance(Job(job_id=ID), progressed(5))
    assert (job.status, job.started_ms, job.event_time_ms) == (Status.PROGRESSING, 5, 5)
    assert (job.progress_percent, job.phase) == (None, None)


def test_zero_percent_is_not_an_unknown_percentage() -> None:
    """An event with 0 % sets the percentage to 0."""
    assert after([progressed(5, 0)]).progress_percent == 0


def test_warnings_accumulate_in_any_order() -> None:
    """A warning changes neither status nor event time, and a repeated warning changes nothing."""
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
def test_every_order_of_delivery_ends_in_complete(repeated: JobEvent) -> None:
    """The job ends in COMPLETE at 100 % with its output, even if one event is repeated."""
    for events in permutations([*TYPICAL, repeated]):
        job = after(events)
        assert (job.status, job.progress_percent, job.output) == (Status.COMPLETE, 100, OUTPUT)


@given(EVENTS)
def test_status_percentage_and_warnings_never_go_back(events: list[JobEvent]) -> None:
    """The same holds for the time of the last progress event."""
    rank = {Status.SUBMITTED: 0, Status.PROGRESSING: 1, **dict.fromkeys(FINAL, 2)}
    job = Job(job_id=ID)
    for event in events:
        next_job = advance(job, event)
        assert (next_job.progress_percent or 0) >= (job.progress_percent or 0)
        assert rank[next_job.status] >= rank[job.status]
        assert next_job.status.is_final or next_job.event_time_ms >= job.event_time_ms
        assert next_job.warnings >= job.warnings
        job = next_job


@given(EVENTS)
def test_a_repeated_event_changes_nothing(events: list[JobEvent]) -> None:
    """A second delivery returns the same object, whichever events came in between."""
    job = after(events)
    for event in events:
        assert advance(job, event) is job


@given(EVENTS)
def test_events_that_are_not_worth_applying_change_nothing(events: list[JobEvent]) -> None:
    """The worker may therefore delete these events of a backlog without applying them."""
    chosen = worth_applying(events)
    job = after([events[position] for position in chosen])
    rest = [event for position, event in enumerate(events) if position not in chosen]
    assert after(rest, job) is job


@given(EVENTS)
def test_a_backlog_yields_at_most_one_progress_and_one_final_event(events: list[JobEvent]) -> None:
    """Each position is chosen at most once, and the final event comes last."""
    chosen = [events[position] for position in worth_applying(events)]
    kinds = [isinstance(event, Progressed) for event in chosen]
    final = [event for event in chosen if isinstance(event, Completed | Failed | Canceled)]
    assert len(set(worth_applying(events))) == len(chosen)
    assert sum(kinds) <= 1
    assert final in ([], chosen[-1:])
    assert bool(final) == any(isinstance(event, Completed | Failed | Canceled) for event in events)


def test_the_newest_progress_and_the_earliest_final_event_are_chosen() -> None:
    """Timestamps decide, not positions in the batch, and a repeated warning is written once."""
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


def test_an_empty_backlog_yields_no_events() -> None:
    """Without events there is no write."""
    assert worth_applying([]) == []
