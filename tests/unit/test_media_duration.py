"""The length of a video that the client announces."""

import os
from pathlib import Path

import pytest

from mediaconvert_status_client.media_duration import duration_ms
from service.settings import AUDIO_TYPES, VIDEO_TYPES
from service.uploads.acceptance import EXTENSIONS


@pytest.fixture
def ffprobe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program named ffprobe, which a test writes."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    program = tmp_path / "ffprobe"
    program.touch(mode=0o755)
    return program


@pytest.mark.parametrize(
    ("script", "length_ms"),
    [
        ("echo 1.500000", 1_500),
        ("echo 0.0001", 1),
        ("echo N/A", None),
        ("echo inf", None),
        ("echo 'Invalid data' >&2; exit 1", None),
    ],
)
def test_the_length_is_the_one_that_ffprobe_finds(ffprobe: Path, script: str, length_ms: int | None) -> None:
    """A file whose length it doesn't find is announced without one."""
    ffprobe.write_text(f"#!/bin/sh\n{script}\n")
    assert duration_ms(Path("clip.mp4")) == length_ms


def test_ffprobe_opens_the_file_and_nothing_else(ffprobe: Path, tmp_path: Path) -> None:
    """A file's name can't be an option or an address, and its content can't make ffprobe open an address."""
    ffprobe.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\necho 1\n')
    duration_ms(Path("-i http:clip.mp4"))
    arguments = (tmp_path / "arguments").read_text()
    assert arguments.startswith("-protocol_whitelist file ")
    assert arguments.endswith(" file:-i http:clip.mp4\n")


def test_without_ffprobe_there_is_no_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client needs no ffprobe; the worker's probe finds the length."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert duration_ms(tmp_path / "clip.mp4") is None


def test_every_type_that_is_accepted_by_default_has_extensions() -> None:
    """GET /limits lists them for file dialogs."""
    assert set(EXTENSIONS) == {*VIDEO_TYPES, *AUDIO_TYPES}
