"""A crop chooses a part of the input, and a position a part of the output; both are measured in the pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from tests.emulator_environment import ROLE, EmulatorEnvironment, emulator_environment, ffmpeg
from tests.emulator_groups import Settings, download, group, h264, output, run_groups

LEFT, RIGHT, BLACK = "left", "right", "black"
LUMA = {LEFT: 81, RIGHT: 145, BLACK: 16}
"""Red, green and black in BT.601."""
TOLERANCE = 25


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Return one emulator for all tests of this file."""
    with emulator_environment(aws_endpoint) as shared:
        yield shared


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video of 160x90, red on the left and green on the right."""
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    halves = [f"color=c={color}:s=80x90:r=25:d=1,format=yuv420p" for color in ("0xff0000", "0x00ff00")]
    inputs = [argument for half in halves for argument in ("-f", "lavfi", "-i", half)]
    ffmpeg(*inputs, "-filter_complex", "[0][1]hstack", "-c:v", "libx264", "-crf", "10", str(path))
    return path


def _rectangle(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"X": x, "Y": y, "Width": width, "Height": height}


def _run(
    environment: EmulatorEnvironment, video: Path, folder: Path, description: Settings, **job_input: object
) -> tuple[tuple[int, int], av.VideoFrame]:
    """Run a job; return the size of its video, and its first picture."""
    prefix = f"{folder.name}/"
    mp4 = group("File", f"s3://{environment.outputs}/{prefix}v", output("MP4", video=description))
    run_groups(environment, video, prefix, mp4, **job_input)
    with av.open(str(download(environment, f"{prefix}v.mp4", folder))) as container:
        picture = next(container.decode(video=0))
        return (picture.width, picture.height), picture


def _color(picture: av.VideoFrame, x: int, y: int) -> str:
    plane = picture.planes[0]
    luma = bytes(plane)[y * plane.line_size + x]
    return min(LUMA, key=lambda name: abs(LUMA[name] - luma))


@pytest.mark.parametrize("place", ["input", "output", "both"])
def test_a_crop_chooses_a_part_of_the_input(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path, place: str
) -> None:
    """The input's crop overrides that of the output. Without a size, the output has that of the part."""
    chosen, other = _rectangle(90, 0, 64, 48), _rectangle(0, 0, 32, 32)
    description = h264()
    del description["Height"]
    description |= {"output": {"Crop": chosen}, "both": {"Crop": other}}.get(place, {})

    size, picture = _run(environment, video, tmp_path, description, **({} if place == "output" else {"Crop": chosen}))

    assert (size, _color(picture, 2, 24), _color(picture, 60, 24)) == ((64, 48), RIGHT, RIGHT)


@pytest.mark.parametrize("place", ["input", "output", "both"])
def test_a_position_leaves_the_rest_of_the_output_black(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path, place: str
) -> None:
    """The picture fills the rectangle. The output has the specified size, although the input is smaller."""
    chosen, other = _rectangle(100, 20, 200, 80), _rectangle(0, 0, 32, 32)
    description = h264(200) | {"Width": 320}
    description |= {"output": {"Position": chosen}, "both": {"Position": other}}.get(place, {})

    size, picture = _run(
        environment, video, tmp_path, description, **({} if place == "output" else {"Position": chosen})
    )

    assert size == (320, 200)
    points = [(110, 60), (290, 60), (50, 60), (310, 60), (200, 10), (200, 120)]
    assert [_color(picture, x, y) for x, y in points] == [LEFT, RIGHT, BLACK, BLACK, BLACK, BLACK]


def test_crops_of_one_size_are_different_outputs(environment: EmulatorEnvironment, video: Path, tmp_path: Path) -> None:
    """Only outputs with the same picture are made once."""
    outputs = [
        output("M3U8", NameModifier=f"_{x}", video={"Crop": _rectangle(x, 0, 64, 64)} | h264(64)) for x in (0, 80)
    ]
    hls = group("Hls", f"s3://{environment.outputs}/crops/v", *outputs, SegmentLength=6, MinSegmentLength=0)

    run_groups(environment, video, "crops/", hls)

    for name, color in (("0", LEFT), ("80", RIGHT)):
        with av.open(str(download(environment, f"crops/v_{name}_00001.ts", tmp_path))) as container:
            assert _color(next(container.decode(video=0)), 32, 32) == color


@pytest.mark.parametrize(
    ("rectangles", "text"),
    [
        ({"Crop": _rectangle(100, 0, 64, 64)}, "Crop rectangle [64,64,100,0] lies outside input resolution [160x90]"),
        (
            {"Position": _rectangle(0, 0, 200, 64)},
            "Position rectangle [200,64,0,0] lies outside output resolution [160x90]",
        ),
    ],
)
def test_a_rectangle_outside_of_its_picture_fails_the_job(
    environment: EmulatorEnvironment, video: Path, rectangles: Settings, text: str
) -> None:
    """MediaConvert knows the size of the input only at run time."""
    uri = environment.upload(video, "outside/v.mp4")
    mp4 = group("File", f"s3://{environment.outputs}/outside/v", output("MP4", video=h264() | rectangles))
    settings: Any = {"Inputs": [{"FileInput": uri}], "OutputGroups": [mp4]}

    job = environment.wait_for_job(environment.mediaconvert.create_job(Role=ROLE, Settings=settings)["Job"]["Id"])

    assert (job.get("ErrorCode"), job.get("ErrorMessage")) == (1040, f"{text} for video_description [1].")
