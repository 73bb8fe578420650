"""Names of a job's outputs, for any input file that S3 allows."""

import re
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.claim import claim_id
from worker.messages.events import ObjectCreated
from worker.submission.output_names import base_name, key_file, key_uri, output_path

CREATED_AT = datetime(2025, 11, 22, 8, 0, tzinfo=UTC)
DIGITS = "0a1b2c"
SEGMENT = "_1080p_000012345.ts"
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300).filter(
    lambda key: len(key.encode()) <= 1_024 and not key.endswith("/")
)


def folder_of(input_file: str) -> str:
    """Return the output folder of a job of this file."""
    return output_path(input_file, created_at=CREATED_AT, token=DIGITS)


@pytest.mark.parametrize(
    ("input_file", "base"),
    [
        ("uploads/1/cat.mp4", "cat"),
        ("cat.mp4", "cat"),
        ("uploads/1/Big Buck Bunny.mp4", "Big Buck Bunny"),
        ("uploads/1/archive.tar.gz", "archive.tar"),
        ("uploads/1/no-suffix", "no-suffix"),
        ("uploads/1/港の朝.mp4", "港の朝"),
        ("uploads/1/.mp4", "mp4"),
        ("uploads/1/..", "video"),
        ("uploads/1/...", "video"),
        ("uploads/1/ .mp4", "video"),
        ("uploads/1/cat...mp4", "cat"),
        ("uploads/1/cat .mp4", "cat"),
        ('a#b?c%d"e.mp4', "a_b_c_d_e"),
        ("a\\b\n.mp4", "a_b_"),
        ("Talk: one.mp4", "Talk_ one"),
        ("cost $dt$.mp4", "cost _dt_"),
    ],
)
def test_a_base_name_is_the_file_name_without_its_suffix(input_file: str, base: str) -> None:
    """Characters with a meaning in a playlist's relative URI or in MediaConvert's destination are replaced."""
    assert base_name(input_file) == base


@given(KEYS)
def test_a_base_name_is_a_valid_relative_uri(input_file: str) -> None:
    """It has no scheme, query or folder, and no characters to decode."""
    base = base_name(input_file)
    parts = urlsplit(f"{base}_720p.m3u8".strip())
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert not re.search(r'[#?%:"\\/$\x00-\x1f\x7f]', base)
    assert base == base.strip(" .") != ""


@given(KEYS)
def test_every_output_key_fits_in_1024_bytes(input_file: str) -> None:
    """This includes the segment with the longest name in the folder of the longest key."""
    folder = folder_of(input_file)
    assert len(f"{folder}{base_name(input_file)}{SEGMENT}".encode()) <= 1_024
    assert len(f"{folder}{key_file(input_file)}".encode()) <= 1_024


@pytest.mark.parametrize("letter", ["a", "é", "港", "🎞"])
def test_a_long_name_is_cut_between_characters(letter: str) -> None:
    """A name of 1,024 bytes is cut to complete characters."""
    name = letter * (1_020 // len(letter.encode())) + ".mp4"
    folder = folder_of(name)
    assert set(base_name(name)) == {letter}
    assert set(folder.removesuffix("_20251122080000-0a1b2c/")) == {letter}
    assert len(f"{folder}{base_name(name)}{SEGMENT}".encode()) <= 1_024


def test_no_two_jobs_share_a_folder() -> None:
    """The folder depends on the file, the time and the token."""
    later = CREATED_AT.replace(second=1)
    folders = {
        output_path(name, created_at=created_at, token=token)
        for name in ("a.mp4", "b.mp4")
        for created_at in (CREATED_AT, later)
        for token in ("000001", "000002")
    }
    assert len(folders) == 8


@given(KEYS)
def test_a_folder_has_no_variables_and_no_dot_segments(input_file: str) -> None:
    """MediaConvert would replace `$dt$`, and browsers would resolve `..`."""
    folder = folder_of(input_file)
    assert "$" not in folder
    assert not {".", ".."} & set(folder.split("/"))
    assert folder.endswith("_20251122080000-0a1b2c/")


@pytest.mark.parametrize(
    ("input_file", "folder"),
    [
        ("a/../../b.mp4", "a/_/_/b.mp4"),
        ("./a/.b/c..d/e.mp4", "_/a/.b/c..d/e.mp4"),
        ("a/$fn$/b.mp4", "a/_fn_/b.mp4"),
        ("a/..", "a/.."),
    ],
)
def test_a_folder_replaces_only_variables_and_dot_segments(input_file: str, folder: str) -> None:
    """The time and the token keep the folders of two such files apart."""
    assert folder_of(input_file) == f"{folder}_20251122080000-0a1b2c/"


@given(KEYS)
def test_the_key_uri_decodes_to_the_key_files_name(input_file: str) -> None:
    """The URI is percent-encoded ASCII."""
    uri = key_uri(key_file(input_file))
    assert re.fullmatch(r"[A-Za-z0-9._~%-]+", uri)
    assert unquote(uri) == key_file(input_file)


def test_a_claim_id_identifies_one_version_of_one_object() -> None:
    """Repeated deliveries have the same claim id, which is valid as CreateJob's token and metadata."""
    first = ObjectCreated(input_file="a", size_bytes=1, version="b")
    others = [
        ObjectCreated(input_file="a", size_bytes=1, version="c"),
        ObjectCreated(input_file="ab", size_bytes=1, version=""),
    ]
    assert claim_id(first) == claim_id(ObjectCreated(input_file="a", size_bytes=2, version="b"))
    assert claim_id(first) not in {claim_id(other) for other in others}
    assert re.fullmatch(r"[0-9a-f]{40}", claim_id(first))
