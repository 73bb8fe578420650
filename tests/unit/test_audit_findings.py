"""The audit's rules: whose an object is, which rows and objects are problems, and the lines that it prints."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.deletion_marks import TOMBSTONE_S
from worker.audit.findings import (
    Findings,
    OddNames,
    Problem,
    is_unfinished,
    owners_of,
    place_of,
    problem_of_job,
    problem_of_object,
)
from worker.submission.output_names import output_path

ROW: Mapping[str, Any] = {"InputFile": "uploads/1/a.mp4"}
MARKED = {**ROW, "DeleteRequestedTime": 100}
TOMBSTONE = {**MARKED, "DeletedTime": 150, "ExpirationTime": 100 + TOMBSTONE_S}
FOLDER = "uploads/1/a.mp4_20261122083000-0a1b2c/"


@pytest.mark.parametrize(
    ("upload", "problem"),
    [(None, Problem.NO_UPLOAD), (ROW, None), (MARKED, None), (TOMBSTONE, Problem.LEFT)],
    ids=["no row", "an upload that stays", "a deletion in progress", "a tombstone"],
)
def test_an_object_is_a_problem_without_a_row_and_beside_a_tombstone(
    upload: Mapping[str, Any] | None, problem: Problem | None
) -> None:
    """While a deletion is in progress its objects are none: the deletion itself is reported if it doesn't end."""
    assert problem_of_object(upload) is problem


@pytest.mark.parametrize(
    ("job", "upload", "problem"),
    [
        ({}, ROW, None),
        ({}, MARKED, None),
        ({}, TOMBSTONE, Problem.LEFT),
        ({"ExpirationTime": 9}, TOMBSTONE, Problem.LEFT),
        ({}, None, Problem.NO_UPLOAD),
        ({"ExpirationTime": 9}, None, None),
    ],
)
def test_a_jobs_row_is_a_problem_beside_a_tombstone_or_if_it_never_expires(
    job: Mapping[str, Any], upload: Mapping[str, Any] | None, problem: Problem | None
) -> None:
    """A row that expires by itself needs no upload: the upload's row may have expired first."""
    assert problem_of_job(job, upload) is problem


@pytest.mark.parametrize(
    ("upload", "before_s", "expected"),
    [
        (ROW, 1_000, False),
        (MARKED, 99, False),
        (MARKED, 100, False),
        (MARKED, 101, True),
        (TOMBSTONE, 1_000, False),
    ],
)
def test_a_deletion_is_unfinished_once_it_is_older_than_the_grace_time(
    upload: Mapping[str, Any], before_s: float, *, expected: bool
) -> None:
    """A deletion needs some time: for a job's end, and for AWS."""
    assert is_unfinished(upload, before_s=before_s) is expected


@pytest.mark.parametrize(
    ("key", "is_output", "owner", "place"),
    [
        ("uploads/1/a.mp4", False, "uploads/1/a.mp4", "uploads/1/a.mp4"),
        (f"{FOLDER}a.m3u8", True, "uploads/1/a.mp4", FOLDER),
        (f"{FOLDER}720p/a_00001.ts", True, "uploads/1/a.mp4", f"{FOLDER}720p/"),
        ("uploads/other.txt", True, "uploads/other.txt", "uploads/"),
        ("other.txt", True, "other.txt", "other.txt"),
        ("uploads/1/a.mp4_20261122083000-0a1b2c", False, "uploads/1/a.mp4_20261122083000-0a1b2c", FOLDER[:-1]),
    ],
)
def test_an_object_belongs_to_its_input_file(key: str, owner: str, place: str, *, is_output: bool) -> None:
    """An output whose name is none of ours belongs to the upload of its own key, which doesn't exist."""
    assert owners_of(key, is_output=is_output, odd=OddNames()) == [owner]
    assert place_of(key, is_output=is_output) == place


@given(
    st.text("abc._-é 1$/", min_size=1, max_size=20),
    st.integers(0, 1),
    st.integers(0, 4_000_000_000),
    st.text("x/.", max_size=9),
)
def test_every_output_of_a_job_belongs_to_the_jobs_input_file(name: str, long: int, created_s: int, rest: str) -> None:
    """Whatever the names of the input file and of the output are: variables, folders with dots, and long names too."""
    input_file, odd = f"uploads/{name}{'e' * 800 * long}", OddNames()
    odd.add(input_file)
    path = output_path(input_file, created_at=datetime.fromtimestamp(created_s, UTC), token=f"{created_s % 2**24:06x}")
    assert input_file in owners_of(f"{path}file{rest}", is_output=True, odd=odd)


def test_an_output_of_one_of_several_odd_names_is_left_only_if_all_are_deleted() -> None:
    """An operator copied two files, whose jobs' folders begin with one name; the service chooses no such keys."""
    odd = OddNames()
    for each in ("uploads/$.mp4", "uploads/_.mp4", "uploads/./_.mp4"):
        odd.add(each)
    owners = owners_of("uploads/_.mp4_20261122083000-0a1b2c/_.key", is_output=True, odd=odd)
    assert owners == ["uploads/_.mp4", "uploads/$.mp4"]
    assert problem_of_object(None, TOMBSTONE) is Problem.LEFT
    assert problem_of_object(TOMBSTONE, MARKED) is None
    assert problem_of_object(None, None) is Problem.NO_UPLOAD


def test_objects_of_one_place_are_summed() -> None:
    """A folder of 20,000 segments is one line."""
    findings = Findings()
    for _ in range(20_000):
        findings.add(Problem.LEFT, f"s3://out/{FOLDER}", size_bytes=5)
    findings.add(Problem.LEFT, "job 1-a")
    assert list(findings.lines()) == [
        "job 1-a is left of a deleted upload",
        f"s3://out/{FOLDER} (20,000 objects, 100,000 bytes) is left of a deleted upload",
    ]


@given(st.lists(st.tuples(st.sampled_from(Problem), st.text(max_size=20), st.integers(0, 9))))
def test_each_problem_is_one_printable_line(found: list[tuple[Problem, str, int]]) -> None:
    """The key of an object can have any character, and a terminal must not obey it."""
    findings = Findings()
    for problem, place, size_bytes in found:
        findings.add(problem, place, size_bytes=size_bytes)
    lines = list(findings.lines())
    assert len(lines) == len({(problem, place) for problem, place, _ in found})
    assert all(line.isprintable() for line in lines)
    assert sum(each.count for each in findings.by_place.values()) == len(found)
