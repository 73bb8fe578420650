"""Keys for uploads, made of any file name there is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.uploads.file_names import MAX_STEM_CHARS, MAX_SUFFIX_CHARS, input_file, safe_name


@pytest.mark.parametrize(
    ("file_name", "safe"),
    [
        ("cat.mp4", "cat.mp4"),
        ("Big Buck Bunny.mp4", "Big-Buck-Bunny.mp4"),
        ("My_clip-2.final.MOV", "My_clip-2.final.MOV"),
        ("Ünïcödé.mp4", "Unicode.mp4"),
        ("港の朝.mp4", "video.mp4"),
        ("🎞.webm", "video.webm"),
        ("a+b%20c#d?e&f.mp4", "a-b-20c-d-e-f.mp4"),
        ("C:\\films\\cat.mp4", "cat.mp4"),
        ("../../etc/passwd", "passwd"),
        ("a/b/", "video"),
        ("..", "video"),
        ("....", "video"),
        (".mp4", "mp4"),
        (".hidden.mp4", "hidden.mp4"),
        ("a..b...mp4", "a.b.mp4"),
        ("cat.", "cat"),
        ("cat.ビデオ", "cat"),
        ("cat.mp4 ", "cat.mp4"),
        ("cat.mp4\x00\n", "cat.mp4"),
        ("no suffix", "no-suffix"),
        ("-rf.mp4", "rf.mp4"),
        ("cat.averyveryverylongsuffix", "cat.averyveryv"),
        ("a" * 99 + ".b.mp4", "a" * 99 + ".mp4"),
        ("", "video"),
        (" ", "video"),
        ("\ud83d.mp4", "video.mp4"),
        ("\uff0fevil\uff0emp4", "evil.mp4"),
    ],
)
def test_a_safe_name_is_as_like_the_files_as_ascii_allows(file_name: str, safe: str) -> None:
    """The last part of a path, without accents, its suffix kept; "video" where nothing is left."""
    assert safe_name(file_name) == safe


@given(st.text(st.characters(), max_size=60) | st.text(st.sampled_from("./\\-_ aé港%\x00"), max_size=30))
def test_a_safe_name_needs_no_encoding_anywhere(file_name: str) -> None:
    """Letters, digits, dot, underscore and hyphen only; not empty, not hidden, no parent folder, bounded."""
    safe = safe_name(file_name)
    assert re.fullmatch(r"[A-Za-z0-9._-]+", safe)
    assert not safe.startswith(".")
    assert ".." not in safe
    assert len(safe) <= MAX_STEM_CHARS + 1 + MAX_SUFFIX_CHARS


@given(st.text(st.characters(), max_size=60))
def test_a_safe_name_is_its_own(file_name: str) -> None:
    """Whoever announces a file by the name that we gave it gets the same name."""
    assert safe_name(safe_name(file_name)) == safe_name(file_name)


@pytest.mark.parametrize("file_name", ["a" * 1_000 + ".mp4", "é" * 1_000 + ".mp4", "ﷺ" * 1_000 + ".mp4"])
def test_a_thousand_characters_are_cut_and_keep_their_suffix(file_name: str) -> None:
    """Even where one character becomes many."""
    assert len(safe_name(file_name)) <= MAX_STEM_CHARS + 4
    assert safe_name(file_name).endswith(".mp4")


@pytest.mark.parametrize("prefix", ["uploads/", "", "a/b/"])
def test_a_key_is_prefix_id_and_name(prefix: str) -> None:
    """Two uploads of one name differ by their id."""
    assert input_file(prefix, "6f1c0a9e", "../Big Buck Bunny.mp4") == f"{prefix}6f1c0a9e/Big-Buck-Bunny.mp4"
