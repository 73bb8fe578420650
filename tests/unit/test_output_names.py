"""Names of what a job writes, for any input file that S3 allows."""

import re
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.claim import claim_id
from worker.messages.parser import ObjectCreated
from worker.submission.output_names import base_name, key_file, key_uri, output_path

MADE_AT = datetime(2025, 11, 22, 8, 0, tzinfo=UTC)
DIGITS = "0a1b2c"
SEGMENT = "_1080p_000012345.ts"
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300).filter(
    lambda key: len(key.encode()) <= 1_024 and not key.endswith("/")
)


def folder_of(input_file: str) -> str:
    """The folder of a job of this file."""
    return output_path(input_file, made_at=MADE_AT, token=DIGITS)


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
def test_a_base_name_is_the_files_own_without_its_suffix(input_file: str, base: str) -> None:
    """But for characters that a playlist's relative references, or MediaConvert's destination, would read otherwise."""
    assert base_name(input_file) == base


@given(KEYS)
def test_a_base_name_stands_in_a_playlist_as_it_is(input_file: str) -> None:
    """As a relative reference it leads to itself: no scheme, no query, no folder, nothing to decode."""
    base = base_name(input_file)
    parts = urlsplit(f"{base}_720p.m3u8".strip())
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert not re.search(r'[#?%:"\\/$\x00-\x1f\x7f]', base)
    assert base == base.strip(" .") != ""


@given(KEYS)
def test_every_file_of_a_job_fits_s3s_1024_bytes(input_file: str) -> None:
    """Even a segment of the longest name, in the folder of the longest key."""
    folder = folder_of(input_file)
    assert len(f"{folder}{base_name(input_file)}{SEGMENT}".encode()) <= 1_024
    assert len(f"{folder}{key_file(input_file)}".encode()) <= 1_024


@pytest.mark.parametrize("letter", ["a", "é", "港", "🎞"])
def test_the_longest_key_is_shortened_between_letters(letter: str) -> None:
    """1,024 bytes in one name: what is left is whole letters."""
    name = letter * (1_020 // len(letter.encode())) + ".mp4"
    folder = folder_of(name)
    assert set(base_name(name)) == {letter}
    assert set(folder.removesuffix("_20251122080000-0a1b2c/")) == {letter}
    assert len(f"{folder}{base_name(name)}{SEGMENT}".encode()) <= 1_024


def test_no_two_jobs_share_a_folder() -> None:
    """Not of one file in one second, not of one file at two times, not of two files."""
    later = MADE_AT.replace(second=1)
    folders = {
        output_path(name, made_at=made_at, token=token)
        for name in ("a.mp4", "b.mp4")
        for made_at in (MADE_AT, later)
        for token in ("000001", "000002")
    }
    assert len(folders) == 8


@given(KEYS)
def test_a_folder_is_one_that_mediaconvert_and_browsers_leave_alone(input_file: str) -> None:
    """No `$dt$` to fill in, no `..` to resolve; and it ends where the files begin."""
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
def test_a_folder_changes_only_what_it_must(input_file: str, folder: str) -> None:
    """The time and token after it keep two such files apart."""
    assert folder_of(input_file) == f"{folder}_20251122080000-0a1b2c/"


@given(KEYS)
def test_a_playlists_reference_leads_to_the_key_file(input_file: str) -> None:
    """Percent-encoded ASCII, that decodes to the file's very name."""
    uri = key_uri(key_file(input_file))
    assert re.fullmatch(r"[A-Za-z0-9._~%-]+", uri)
    assert unquote(uri) == key_file(input_file)


def test_a_claim_is_of_one_version_of_one_object() -> None:
    """The same at each delivery, another for another version or key, and fit for CreateJob's token and metadata."""
    first = ObjectCreated(input_file="a", size_bytes=1, version="b")
    others = [
        ObjectCreated(input_file="a", size_bytes=1, version="c"),
        ObjectCreated(input_file="ab", size_bytes=1, version=""),
    ]
    assert claim_id(first) == claim_id(ObjectCreated(input_file="a", size_bytes=2, version="b"))
    assert claim_id(first) not in {claim_id(other) for other in others}
    assert re.fullmatch(r"[0-9a-f]{40}", claim_id(first))
