"""The filters and cursors of lists of uploads, and changes of an upload's row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.uploads.changes import with_changes
from service.uploads.upload_filter import STAGES, UploadFilter, encode_cursor, place_in
from transcode.job import FINAL, Failure, Job, Status
from transcode.job_view import JobStatus
from transcode.listing import first_place_after, listed_at
from transcode.lookup import Lookup

FILE = Lookup(input_file="uploads/1/a.mp4", external_id="7")
owners = st.none() | st.text()
filters = st.builds(
    UploadFilter,
    status=st.none() | st.sampled_from(JobStatus),
    external_id=st.none() | st.text(),
    created_after_s=st.none() | st.integers(min_value=0),
)


@given(st.text(), st.integers(min_value=0, max_value=9_999_999_999_999), owners, filters)
def test_a_cursor_has_the_place_that_it_was_made_from(
    input_file: str, created_ms: int, owner: str | None, wanted: UploadFilter
) -> None:
    """It may be in a URL without encoding."""
    place = listed_at(input_file, created_ms=created_ms)
    cursor = encode_cursor(place, owner, wanted)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert place_in(cursor, owner, wanted) == place


@given(owners, owners, filters, filters)
def test_a_cursor_is_valid_for_its_own_list_only(
    owner: str | None, other: str | None, wanted: UploadFilter, others: UploadFilter
) -> None:
    """Another caller's list, and one with other filters, have no such place."""
    cursor = encode_cursor(listed_at("a", created_ms=1), owner, wanted)
    assert (place_in(cursor, other, others) is not None) == ((owner, wanted) == (other, others))


@given(st.text(), owners, filters)
def test_no_other_text_is_a_cursor(text: str, owner: str | None, wanted: UploadFilter) -> None:
    """It is refused, and raises nothing."""
    assert place_in(text, owner, wanted) is None


@given(st.text(), st.text(), st.integers(0, 9_999_999_999_998))
def test_places_are_in_the_order_of_time(first: str, second: str, created_ms: int) -> None:
    """A later millisecond has a later place."""
    assert listed_at(first, created_ms=created_ms) < listed_at(second, created_ms=created_ms + 1)


@given(st.text(), st.text(), st.integers(0, 9_999_999_998), st.integers(0, 999))
def test_the_files_of_a_second_are_before_all_files_of_the_next_one(
    first: str, second: str, created_s: int, part_ms: int
) -> None:
    """`created_after` is in seconds."""
    earlier = listed_at(first, created_ms=1000 * created_s + part_ms)
    assert earlier < first_place_after(created_s) < listed_at(second, created_ms=1000 * (created_s + 1))


def stage_of(lookup: Lookup, job: Job | None) -> str | None:
    """Return the stage of a file with these rows, once the worker has written it."""
    if job is not None and job.status.is_final:
        return job.status.value
    if lookup.is_over:
        return "ERROR" if lookup.failure else "CANCELED"
    return "OPEN" if job is not None or lookup.is_queued else None


STATES: list[tuple[JobStatus, Lookup, Job | None]] = [
    (JobStatus.AWAITING_UPLOAD, FILE, None),
    (JobStatus.QUEUED, Lookup(input_file="a", queued_s=5), None),
    (JobStatus.ERROR, Lookup(input_file="a", failure=Failure(code=400, message="refused")), None),
    (JobStatus.CANCELED, Lookup(input_file="a", canceled_s=5), None),
    *((JobStatus(status.value), FILE, Job(job_id="1-a", status=status)) for status in Status),
]


@pytest.mark.parametrize(("status", "lookup", "job"), STATES)
def test_a_filter_by_status_matches_that_status_only(status: JobStatus, lookup: Lookup, job: Job | None) -> None:
    """The index skips no upload that matches, also before the end of its job is recorded there."""
    matching = [each for each in JobStatus if UploadFilter(status=each).matches(lookup, job)]
    assert matching == [status]
    assert stage_of(lookup, job) in STAGES[status]
    if job is not None and job.status in FINAL:
        assert "OPEN" in STAGES[status]


def test_a_filter_by_external_id_reads_the_files_row() -> None:
    """The index may lag behind a change."""
    assert UploadFilter(external_id="7").matches(FILE, None)
    assert not UploadFilter(external_id="8").matches(FILE, None)
    assert not UploadFilter(external_id="7").matches(None, None)


@pytest.mark.parametrize(
    ("changes", "metadata"),
    [
        ({}, {"a": "1", "b": "2"}),
        ({"metadata": {}}, {"a": "1", "b": "2"}),
        ({"metadata": None}, {}),
        ({"metadata": {"a": None, "z": None}}, {"b": "2"}),
        ({"metadata": {"a": "3"}}, {"a": "3", "b": "2"}),
    ],
)
def test_metadata_is_merged(changes: dict[str, object], metadata: dict[str, str]) -> None:
    """RFC 7396: null removes, a missing name stays."""
    row = Lookup(input_file="a", file_name="a.mp4", metadata={"a": "1", "b": "2"})
    changed = with_changes(row, changes)
    assert (changed.metadata, changed.file_name) == (metadata, "a.mp4")
