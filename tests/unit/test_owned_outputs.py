"""A deletion removes the outputs of its own upload, and of no other one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.uploads.file_names import input_file as new_input_file
from worker.deletion.owned_outputs import JobFolder, input_file_of, is_job_folder, job_folder, output_prefix
from worker.submission.output_names import output_path

TIME = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
CAT = "uploads/1f/cat.mp4"
FOLDER = f"{CAT}_20261122083000-0a1b2c/"

keys = st.text("ab_-.$/0123456789é", min_size=1, max_size=40).map(lambda text: f"uploads/{text}")
file_names = st.text(min_size=1, max_size=40)
upload_ids = st.text("0123456789abcdef", min_size=32, max_size=32)


def folder_of(input_file: str) -> str:
    """Return the folder of a job of the input file."""
    return output_path(input_file, created_at=TIME, token="ffffff")  # noqa: S106 -- a part of a name


def is_owned(input_file: str, key: str) -> bool:
    """Return whether a deletion of the input file removes the object, if no info.json names another file."""
    prefix = output_prefix(input_file)
    folder = key[: key.find("/", len(prefix)) + 1]
    return is_job_folder(folder, prefix=prefix) and JobFolder(path=folder).has(key)


@given(keys)
def test_every_output_of_a_job_is_owned(input_file: str) -> None:
    """Whatever the input file's key is, and however its folder's name was changed."""
    path = folder_of(input_file)
    assert is_owned(input_file, f"{path}clip_720p_00001.ts")


@given(upload_ids, file_names, upload_ids, file_names)
def test_no_announced_upload_owns_the_outputs_of_another(
    first_id: str, first_name: str, second_id: str, second_name: str
) -> None:
    """The keys that the service chooses differ in an unguessable folder."""
    first = new_input_file("uploads/", first_id, first_name)
    second = new_input_file("uploads/", second_id, second_name)
    path = folder_of(second)
    assert is_owned(first, f"{path}clip.m3u8") == (first == second)


@pytest.mark.parametrize(
    "other",
    [
        "uploads/1f/cat.mp4_2.mp4",
        "uploads/1f/cat.mp4_20261122083000-0a1b2c/dog.mp4",
        "uploads/1f/cat.mp4_20261122083000-0a1b2c/a/dog.mp4",
        "uploads/1f/cat.mp4_20261122083000-0a1b2c",
        "uploads/1f/cat.mp",
        "uploads/1f/cat.mp4/dog.mp4",
    ],
)
def test_a_key_that_begins_with_the_same_characters_is_another_upload(other: str) -> None:
    """Also one that an operator copied into the folder of a job."""
    path = folder_of(other)
    assert not is_owned(CAT, f"{path}clip.m3u8")


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (None, JobFolder(path=FOLDER)),
        (b"{", JobFolder(path=FOLDER)),
        (b"[]", JobFolder(path=FOLDER)),
        (b'{"job_id": "1-a", "input_file": "uploads/1f/cat.mp4"}', JobFolder(path=FOLDER, job_id="1-a")),
        (b'{"job_id": 5, "input_file": "uploads/1f/cat.mp4"}', JobFolder(path=FOLDER)),
        (b'{"job_id": "1-a", "input_file": "uploads/1f/cat$.mp4"}', None),
    ],
)
def test_info_json_says_whose_folder_it_is(info: bytes | None, expected: JobFolder | None) -> None:
    """Two input files with one prefix differ in it. A folder without it belongs to a job that didn't complete."""
    assert job_folder(FOLDER, info, input_file=CAT) == expected


@given(keys)
def test_an_output_names_its_input_file(input_file: str) -> None:
    """The audit reads it from the folder's name. Replaced and shortened characters are those of the prefix."""
    path = folder_of(input_file)
    assert input_file_of(f"{path}clip.m3u8") == output_prefix(input_file)[:-1]
    assert input_file_of("uploads/1f/cat.mp4") is None
