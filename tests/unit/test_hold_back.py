"""The room in MediaConvert's queue."""

from hypothesis import given
from hypothesis import strategies as st

from worker.submission.hold_back import LET_THROUGH_S, HoldBack


def held(waiting: int | None, *, limit: int = 100, submitters: int = 2) -> HoldBack:
    """Return a submitter's room after a count of MediaConvert's jobs."""
    hold_back = HoldBack(limit=limit, submitters=submitters)
    hold_back.permitted(1, now_s=0)
    hold_back.record_read(waiting, now_s=0)
    return hold_back


def test_jobs_fill_the_room_and_no_more() -> None:
    """Each submitter assumes that the others create as many jobs as it does."""
    hold_back = held(94)
    assert hold_back.permitted(10, now_s=1) == 6
    hold_back.record_created(2)
    assert hold_back.permitted(10, now_s=1) == 2
    hold_back.record_created(1)
    assert hold_back.permitted(10, now_s=1) == 0


def test_nothing_is_held_back_without_a_count_or_a_limit() -> None:
    """If GetQueue fails, uploads become jobs all the same."""
    assert held(None).permitted(10, now_s=1) == 10
    assert held(5_000, limit=0).permitted(10, now_s=1) == 10
    assert not held(5_000, limit=0).must_read(now_s=1_000)


def test_a_batch_goes_through_now_and_then() -> None:
    """So messages are seen before SQS deletes them, even if another program always fills the queue."""
    hold_back = held(100)
    assert [hold_back.permitted(10, now_s=at) for at in (1, LET_THROUGH_S - 1, LET_THROUGH_S, LET_THROUGH_S + 1)] == [
        0,
        0,
        10,
        0,
    ]


def test_a_count_is_used_for_seconds() -> None:
    """For five with room, for two without."""
    assert [held(0).must_read(now_s=at) for at in (1, 4.9, 5)] == [False, False, True]
    assert [held(100).must_read(now_s=at) for at in (1, 2)] == [False, True]
    assert HoldBack(limit=1).must_read(now_s=0)


@given(
    waiting=st.integers(0, 10_000), created=st.integers(0, 100), wanted=st.integers(1, 10), limit=st.integers(1, 500)
)
def test_the_queue_never_gets_longer_than_the_limit(waiting: int, created: int, wanted: int, limit: int) -> None:
    """By one submitter, within one count."""
    hold_back = held(waiting, limit=limit, submitters=1)
    hold_back.record_created(created)
    permitted = hold_back.permitted(wanted, now_s=1)
    assert permitted == 0 or waiting + created + permitted <= limit
