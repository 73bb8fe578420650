"""Which state is the later one, and what a client is still to be told."""

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
)
from transcode.job import Failure, Job, JobWarning, Status
from transcode.lookup import Lookup

STATES = [
    Job(job_id="1-a"),
    Job(job_id="1-a", status=Status.PROGRESSING, event_time_ms=5, updated_s=1),
    Job(job_id="1-a", status=Status.PROGRESSING, event_time_ms=6, updated_s=1),
    Job(
        job_id="1-a", status=Status.PROGRESSING, event_time_ms=6, updated_s=2, warnings=frozenset({JobWarning(code=1)})
    ),
    Job(job_id="1-a", status=Status.COMPLETE, event_time_ms=4, updated_s=3),
]
"""One job's states, in the order in which they came; the end with an older timestamp than the progress before it."""


@pytest.mark.parametrize(("earlier", "later"), list(itertools.combinations_with_replacement(STATES, 2)))
def test_a_replica_that_lags_takes_nobody_back(earlier: Job, later: Job) -> None:
    """Whichever of two states is read last, the later one stands."""
    assert later_of(earlier, later) == later
    assert later_of(later, earlier) == later


def test_another_job_is_taken_as_it_is() -> None:
    """A newer job of the file begins anew, even where the one before was over."""
    newer = Job(job_id="2-b")
    assert later_of(STATES[-1], newer) is newer


@pytest.mark.parametrize(
    ("followed", "is_final"),
    [
        (Followed(lookup=Lookup(input_file="a")), False),
        (Followed(lookup=Lookup(input_file="a", failure=Failure(code=402, message="quota"))), True),
        (Followed(lookup=Lookup(input_file="a"), job=STATES[1]), False),
        (Followed(lookup=Lookup(input_file="a"), job=STATES[-1]), True),
        (Followed(job=replace(STATES[0], status=Status.ERROR)), True),
        (Followed(job=replace(STATES[0], status=Status.CANCELED)), True),
    ],
)
def test_the_end_is_known_for_what_it_is(followed: Followed, is_final: bool) -> None:  # noqa: FBT001 -- a table's column
    """A job that is over, or a file that no job can be made of."""
    assert followed.is_final is is_final


def test_whose_it_is_the_upload_says_before_the_job() -> None:
    """A job's row that an event made first has no owner yet."""
    lookup = Lookup(input_file="a", owner="user-1")
    assert Followed(lookup=lookup, job=STATES[0]).owner_record is lookup
    assert Followed(job=STATES[0]).owner_record is STATES[0]


@given(st.text(), st.text(), st.binary(), st.binary())
def test_a_tag_tells_keys_and_states_apart(one: str, other: str, state: bytes, next_state: bytes) -> None:
    """The same only for the same; a file is no job of the same name; the end is no state."""
    tags = {
        (kind, name, shown): tag(kind(name), shown)
        for kind in (JobKey, FileKey)
        for name in (one, other)
        for shown in (state, next_state)
    }
    ends = {name: final_tag(JobKey(name)) for name in (one, other)}
    assert len({*tags.values(), *ends.values()}) == len(tags) + len(ends)


@given(st.lists(st.tuples(st.sampled_from([JobKey, FileKey]), st.text()), max_size=MAX_FOLLOWED, unique=True))
def test_an_id_brings_back_what_it_was_made_of(followed: list[tuple[type[JobKey] | type[FileKey], str]]) -> None:
    """Whatever is followed, in a header's characters and under half a kilobyte."""
    keys = [kind(name) for kind, name in followed]
    sent = event_id([final_tag(key) if isinstance(key, JobKey) else tag(key, b"over") for key in keys])
    assert set(sent) <= set(string.ascii_letters + string.digits + "-_.")
    assert len(sent) <= 512
    assert known_tags(sent) >= {tag(key, b"over") for key in keys if isinstance(key, FileKey)}
    assert set(finished(keys, known_tags(sent))) == {key for key in keys if isinstance(key, JobKey)}


@given(st.text() | st.none())
def test_any_id_can_come_back(last_event_id: str | None) -> None:
    """What isn't ours names no end."""
    assert finished([JobKey("1-a"), FileKey("uploads/a.mp4")], known_tags(last_event_id)) == {}
