"""The emulator's outputs contain the clips that the job names, and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator_environment import EmulatorEnvironment, decode, emulator_environment, make_video


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all tests of this module."""
    with emulator_environment(aws_endpoint) as environment:
        yield environment


@pytest.mark.parametrize(
    ("name", "clips", "frames"),
    [
        ("end", [{"EndTimecode": "00:00:01:04"}], 30),
        ("start", [{"StartTimecode": "00:00:03:00"}], 25),
        ("both", [{"StartTimecode": "00:00:01:00", "EndTimecode": "00:00:01:24"}], 25),
        ("two", [{"EndTimecode": "00:00:00:09"}, {"StartTimecode": "00:00:03:00", "EndTimecode": "00:00:03:14"}], 25),
        ("long", [{"EndTimecode": "01:00:00:00"}], 100),
    ],
)
def test_a_clip_includes_the_frame_of_its_end(
    environment: EmulatorEnvironment, tmp_path: Path, name: str, clips: list[dict[str, str]], frames: int
) -> None:
    """Events, playlists and segments have the clip's length, sound included."""
    uri = environment.upload(make_video(tmp_path / "f.mp4", duration_s=4), f"{name}/f.mp4")
    request: dict[str, Any] = environment.job_request(uri, f"{name}/")
    request["Settings"]["Inputs"][0] |= {"TimecodeSource": "ZEROBASED", "InputClippings": clips}
    job_id = environment.mediaconvert.create_job(**request)["Job"]["Id"]
    detail = environment.wait_for_final_event(job_id)[-1]["detail"]

    assert detail["status"] == "COMPLETE"
    assert detail["outputGroupDetails"][0]["outputDetails"][0]["durationInMs"] == frames * 40
    with environment.serve_outputs(f"{name}/", tmp_path) as url:
        assert decode(f"{url}/f_360p.m3u8") == {"size": (320, 180), "frames": frames, "has_audio": True}


def test_a_clip_after_the_input_fails_the_job(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The code is MediaConvert's, and the text names the clip."""
    uri = environment.upload(make_video(tmp_path / "f.mp4", duration_s=1), "after/f.mp4")
    request = environment.job_request(uri, "after/")
    request["Settings"]["Inputs"][0] |= {
        "TimecodeSource": "ZEROBASED",
        "InputClippings": [{"StartTimecode": "00:00:05:00"}],
    }
    job = environment.wait_for_job(environment.mediaconvert.create_job(**request)["Job"]["Id"])

    assert (job["Status"], job["ErrorCode"]) == ("ERROR", 1060)
    assert "[00:00:05:00] was not found in input number [1]" in job["ErrorMessage"]
