"""The order of a job's states, and the event ids with which a stream resumes."""

import itertools
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.views.followed import (
    MAX_FOLLOWED,
    FileKey,
    Followed,
    JobKey,
    event_id,
    final_tag,
    finished,
    known_tags,
    later_of,
    tag,
    with_place,
)
from transcode.job import Failure, Job, JobWarning, Status
from transcode.lookup import Lookup
from transcode.queue_figures import Measurement, Place, QueueFigures

STATES = [
    Job(job_id="1-a"),
    Job(job_id="1-a", status=Status.PROGRESSING, event_time_ms=5, updated_s=1),
    Job(job_id="1-a", status=Status.PROGRESSING, event_time_ms=6, updated_s=1),
    Job(
        job_id="1-a", status=Status.PROGRESSING, event_time_ms=6, updated_s=2, warnings=frozenset({JobWarning(code=1)})
    ),
    Job(job_id="1-a", status=Status.COMPLETE, event_time_ms=4, updated_s=3),
]
"""States of one job in their order; the final one has an older timestamp than the progress before it."""


@pytest.mark.parametrize(("earlier", "later"), list(itertools.combinations_with_replacement(STATES, 2)))
def test_a_stale_read_does_not_replace_a_later_state(earlier: Job, later: Job) -> None:
    """The later of two states wins, in whichever order they are read."""
    assert later_of(earlier, later) == later
    assert later_of(later, earlier) == later


def test_a_stale_read_does_not_take_back_a_request_to_cancel() -> None:
    """The request changes neither the time of the last event nor that of the row."""
    requested = STATES[1].with_cancel_request(now_s=5)
    assert later_of(requested, STATES[1]) is later_of(STATES[1], requested) is requested


def test_a_newer_job_replaces_a_finished_one() -> None:
    """A newer job of the file starts from the beginning, even if the previous job is final."""
    newer = Job(job_id="2-b")
    assert later_of(STATES[-1], newer) is newer


@pytest.mark.parametrize(
    ("followed", "is_final"),
    [
        (Followed(lookup=Lookup(input_file="a")), False),
        (Followed(lookup=Lookup(input_file="a", failure=Failure(code=402, message="quota"))), True),
        (Followed(lookup=Lookup(input_file="a", canceled_s=5)), True),
        (Followed(lookup=Lookup(input_file="a"), job=STATES[1]), False),
        (Followed(lookup=Lookup(input_file="a"), job=STATES[-1]), True),
        (Followed(job=replace(STATES[0], status=Status.ERROR)), True),
        (Followed(job=replace(STATES[0], status=Status.CANCELED)), True),
    ],
)
def test_a_final_job_or_a_failed_upload_is_final(followed: Followed, is_final: bool) -> None:  # noqa: FBT001 -- a column of the parameter table
    """An upload is final too if no job can be created for its file."""
    assert followed.is_final is is_final


def test_the_upload_determines_the_owner_before_the_job() -> None:
    """A job row that an event created first has no owner yet."""
    lookup = Lookup(input_file="a", owner="user-1")
    assert Followed(lookup=lookup, job=STATES[0]).owner_record is lookup
    assert Followed(job=STATES[0]).owner_record is STATES[0]


@given(st.text(), st.text(), st.binary(), st.binary())
def test_tags_differ_between_keys_states_and_ends(one: str, other: str, state: bytes, next_state: bytes) -> None:
    """Tags are equal only for the same key and state; a file and a job with the same name have different tags."""
    tags = {
        (kind, name, shown): tag(kind(name), shown)
        for kind in (JobKey, FileKey)
        for name in (one, other)
        for shown in (state, next_state)
    }
    ends = {name: final_tag(JobKey(name)) for name in (one, other)}
    assert len({*tags.values(), *ends.values()}) == len(tags) + len(ends)


@given(st.lists(st.tuples(st.sampled_from([JobKey, FileKey]), st.text()), max_size=MAX_FOLLOWED, unique=True))
def test_an_event_id_contains_the_tags_that_it_was_made_from(
    followed: list[tuple[type[JobKey] | type[FileKey], str]],
) -> None:
    """For any followed files and jobs, the id fits a header and is at most 512 characters long."""
    keys = [kind(name) for kind, name in followed]
    sent = event_id([final_tag(key) if isinstance(key, JobKey) else tag(key, b"over") for key in keys])
    assert set(sent) <= set(string.ascii_letters + string.digits + "-_.")
    assert len(sent) <= 512
    assert known_tags(sent) >= {tag(key, b"over") for key in keys if isinstance(key, FileKey)}
    assert set(finished(keys, known_tags(sent))) == {key for key in keys if isinstance(key, JobKey)}


@given(st.text() | st.none())
def test_an_unknown_event_id_marks_nothing_as_finished(last_event_id: str | None) -> None:
    """A client may send any text as Last-Event-ID."""
    assert finished([JobKey("1-a"), FileKey("uploads/a.mp4")], known_tags(last_event_id)) == {}


NOW_S = 1_900_000_000


def figures_of(*waiting: int) -> QueueFigures:
    """Return the figures after measurements of so many messages, the last one now; the first message came between."""
    figures = QueueFigures()
    for number, count in enumerate((0, *waiting)):
        time_s = NOW_S - 30 * (len(waiting) - number)
        figures = figures.with_measurement(Measurement(time_s=time_s, created=0, waiting=count, submitted=0))
    return figures


QUEUED = Lookup(input_file="a", queued_s=NOW_S - 30)
WAITING = Followed(lookup=QUEUED)
STARTED = Job(job_id="1-a", status=Status.PROGRESSING)


@pytest.mark.parametrize(
    ("followed", "is_waiting"),
    [
        (WAITING, True),
        (Followed(lookup=Lookup(input_file="a", replaces="1-a")), True),
        (Followed(job=Job(job_id="1-a")), True),
        (Followed(lookup=Lookup(input_file="a")), False),
        (Followed(lookup=replace(QUEUED, failure=Failure(code=504, message="too long"))), False),
        (Followed(lookup=QUEUED, job=STARTED), False),
    ],
)
def test_a_file_waits_from_its_upload_to_the_start_of_its_job(followed: Followed, *, is_waiting: bool) -> None:
    """Only a waiting file or job has a place, so only then are the figures read."""
    assert followed.is_waiting is is_waiting


@pytest.mark.parametrize(
    ("known", "ahead"),
    [
        (None, 9),
        (WAITING, 9),
        (replace(WAITING, place=Place(ahead=5, eta_s=None)), 5),
        (replace(WAITING, place=Place(ahead=20, eta_s=None)), 9),
        (Followed(lookup=replace(QUEUED, queued_s=1), place=Place(ahead=5, eta_s=None)), 9),
        (Followed(lookup=QUEUED, job=Job(job_id="0-z"), place=Place(ahead=5, eta_s=None)), 9),
    ],
    ids=["first read", "unknown before", "fewer before", "more before", "another version", "an earlier job"],
)
def test_the_number_ahead_of_a_followed_file_never_grows(known: Followed | None, ahead: int) -> None:
    """Samples become sparser, and SQS counts approximately; a client that follows the file sees no step back."""
    placed = with_place(WAITING, figures_of(10, 10), known=known, now_s=NOW_S)
    assert placed == replace(WAITING, place=Place(ahead=ahead, eta_s=None))


def test_the_number_ahead_does_not_grow_when_the_job_is_created() -> None:
    """The queue of uploads is first in, first out only approximately."""
    known = replace(WAITING, place=Place(ahead=3, eta_s=None))
    job = Job(job_id="1-a", submitted_s=NOW_S)
    figures = QueueFigures()
    for number, submitted in enumerate((0, 0, 8)):
        measured = Measurement(time_s=NOW_S + 30 * (number - 2), created=submitted, waiting=0, submitted=submitted)
        figures = figures.with_measurement(measured)
    placed = with_place(Followed(lookup=QUEUED, job=job), figures, known=known, now_s=NOW_S)
    alone = with_place(Followed(job=job), figures, known=None, now_s=NOW_S)
    assert (placed.place, alone.place) == (Place(ahead=3, eta_s=None), Place(ahead=7, eta_s=None))


def test_a_job_without_the_time_of_its_creation_has_no_place() -> None:
    """An event came before the worker had written the job's row."""
    assert with_place(Followed(job=Job(job_id="1-a")), figures_of(10), known=None, now_s=NOW_S).place is None
