"""Upload keys are safe for any file name."""

import re

import pytest
from hypothesis import example, given
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
def test_a_safe_name_resembles_the_file_name_in_ascii(file_name: str, safe: str) -> None:
    """It is the last path segment without accents and with its suffix, or "video" if no character is left."""
    assert safe_name(file_name) == safe


@given(st.text(st.characters(), max_size=60) | st.text(st.sampled_from("./\\-_ aé港%\x00"), max_size=30))
def test_a_safe_name_needs_no_encoding(file_name: str) -> None:
    """It has only letters, digits, dots, underscores and hyphens, no leading dot, no "..", and a bounded length."""
    safe = safe_name(file_name)
    assert re.fullmatch(r"[A-Za-z0-9._-]+", safe)
    assert not safe.startswith(".")
    assert ".." not in safe
    assert len(safe) <= MAX_STEM_CHARS + 1 + MAX_SUFFIX_CHARS


@example("0.0000000¼:0")  # the cut suffix ends with a hyphen
@given(st.text(st.characters(), max_size=60))
def test_a_safe_name_of_a_safe_name_is_unchanged(file_name: str) -> None:
    """A client that announces a file under its safe name gets the same name."""
    assert safe_name(safe_name(file_name)) == safe_name(file_name)


@pytest.mark.parametrize("file_name", ["a" * 1_000 + ".mp4", "é" * 1_000 + ".mp4", "ﷺ" * 1_000 + ".mp4"])
def test_a_long_name_is_cut_and_keeps_its_suffix(file_name: str) -> None:
    """Normalisation can turn one character into many."""
    assert len(safe_name(file_name)) <= MAX_STEM_CHARS + 4
    assert safe_name(file_name).endswith(".mp4")


@pytest.mark.parametrize("prefix", ["uploads/", "", "a/b/"])
def test_a_key_is_the_prefix_the_id_and_the_safe_name(prefix: str) -> None:
    """The id distinguishes two uploads with the same file name."""
    assert input_file(prefix, "6f1c0a9e", "../Big Buck Bunny.mp4") == f"{prefix}6f1c0a9e/Big-Buck-Bunny.mp4"
