"""The rules of a backfill: which objects get a job, the sample, and the ceiling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.backfill.selection import (
    SAMPLE_SIZE,
    Candidate,
    Ceiling,
    Cost,
    Estimate,
    Sample,
    UnusableBackfillError,
    is_reserved,
    is_untaken,
    prefix_of,
)


def candidate(number: int) -> Candidate:
    """Return an object."""
    return Candidate(input_file=f"uploads/{number}.mp4", size_bytes=2, body="{}", profile="hls")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("uploads/", "is no S3 URI"),
        ("s3://", "is no S3 URI"),
        ("s3://other/uploads/", "the bucket is other"),
        ("s3://inputs/archive/", "must begin with UPLOAD_PREFIX"),
        ("s3://inputs", "must begin with UPLOAD_PREFIX"),
    ],
)
def test_a_source_for_which_no_worker_creates_jobs_is_refused(source: str, problem: str) -> None:
    """An operator reads one line."""
    with pytest.raises(UnusableBackfillError, match=problem):
        prefix_of(source, input_bucket="inputs", upload_prefix="uploads/")


def test_the_prefix_is_everything_after_the_bucket() -> None:
    """Also with more slashes."""
    assert prefix_of("s3://inputs/uploads/a/b", input_bucket="inputs", upload_prefix="uploads/") == "uploads/a/b"


@pytest.mark.parametrize("attribute", ["ClaimedTime", "JobId", "Version", "DeleteRequestedTime", "DeletedTime"])
def test_an_object_that_had_its_job_or_was_deleted_is_taken(attribute: str) -> None:
    """Each of the attributes is enough."""
    assert not is_untaken({"Announced": True, attribute: 1})
    assert not is_reserved({"Announced": True, attribute: 1})


def test_only_a_row_that_accepts_one_version_reserves_an_object() -> None:
    """Without such a row, S3's own notification would create a second job."""
    assert [is_reserved(row) for row in (None, {"InputFile": "a"}, {"Announced": True})] == [False, False, True]


@given(count=st.integers(0, 2_000))
def test_a_sample_is_spread_over_the_whole_list(count: int) -> None:
    """It has all objects of a short list, and otherwise ten to nineteen at equal distances."""
    sample = Sample()
    for number in range(count):
        sample.add(candidate(number))
    chosen = [int(each.input_file[8:-4]) for each in sample.chosen]
    assert min(count, SAMPLE_SIZE) <= len(chosen) < 2 * SAMPLE_SIZE
    step = chosen[1] - chosen[0] if len(chosen) > 1 else 1
    assert chosen == list(range(0, count, step))


@given(costs=st.lists(st.integers(0, 100)), limit=st.integers(0, 1_000))
def test_a_ceiling_is_never_exceeded(costs: list[int], limit: int) -> None:
    """A job that is refused isn't counted."""
    ceiling = Ceiling(limit_ms=limit)
    admitted = [each for each in costs if ceiling.admits(each)]
    assert sum(admitted) == ceiling.counted_ms <= limit


def test_an_estimate_projects_the_sample_to_all_objects() -> None:
    """Without a sample there are no minutes."""
    estimate = Estimate(listed=40, taken=9, ignored=1)
    for number in range(30):
        estimate.add(candidate(number))
    assert estimate.lines([Cost(billable_ms=60_000), Cost(billable_ms=180_000, is_probed=False)]) == [
        "listed 40 objects: 9 have or had a job, or are deleted, and 1 are empty, or folders",
        "to create: 30 jobs, of 60 bytes",
        "about 60 billable minutes, by the lengths of 2 of these files",
        "the length of 1 of them is unknown, and counts as the longest that is accepted",
    ]
    assert len(estimate.lines([])) == 2
