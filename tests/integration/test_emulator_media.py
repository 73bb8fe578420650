"""The emulator transcodes every kind of video correctly: lengths, tracks, frame rates, colours, interlacing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from mediaconvert_emulator.probe import probe
from tests.emulator_environment import EmulatorEnvironment, emulator_environment, ffmpeg, make_video

GREY = 126
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all tests of this module; each test has its own keys."""
    with emulator_environment(aws_endpoint, concurrency=2) as environment:
        yield environment


@dataclass(frozen=True)
class Result:
    """The outputs of one job, and what its smallest rendition contains."""

    detail: dict[str, Any]
    attributes: dict[str, str]
    durations_s: list[float]
    pictures: list[av.VideoFrame]
    sound_s: float

    @property
    def duration_ms(self) -> int:
        """The duration in the COMPLETE event."""
        return int(self.detail["outputGroupDetails"][0]["outputDetails"][-1]["durationInMs"])


def _transcode(environment: EmulatorEnvironment, source: Path, folder: Path) -> Result:
    prefix = f"{folder.name}/"
    job_id = environment.create_job(environment.upload(source, f"{prefix}{source.name}"), f"{prefix}f")
    detail = environment.wait_for_final_event(job_id)[-1]["detail"]
    assert detail["status"] == "COMPLETE", detail
    (folder / "out").mkdir()
    with environment.serve_outputs(prefix, folder / "out") as url:
        master = environment.output_text(f"{prefix}f.m3u8")
        line = next(line for line in master.splitlines()[::-1] if line.startswith("#EXT-X-STREAM-INF:"))
        ffmpeg("-i", f"{url}/f.m3u8", "-map", "0", "-f", "null", "-")
        with av.open(f"{url}/f_360p.m3u8") as container:
            frames = list(container.decode(*(stream for stream in container.streams)))
    sounds = [frame for frame in frames if isinstance(frame, av.AudioFrame)]
    playlist = environment.output_text(f"{prefix}f_360p.m3u8")
    return Result(
        detail=detail,
        attributes={key: value.strip('"') for key, value in re.findall(r'([A-Z-]+)=("[^"]*"|[^,]*)', line)},
        durations_s=[float(length) for length in re.findall(r"#EXTINF:([\d.]+)", playlist)],
        pictures=[frame for frame in frames if isinstance(frame, av.VideoFrame)],
        sound_s=sum(frame.samples / frame.sample_rate for frame in sounds),
    )


@dataclass(frozen=True)
class Tracks:
    """An input whose tracks have different lengths or starts."""

    name: str
    picture_s: float
    sound_s: float
    length_s: float
    picture_offset_s: float = 0
    sound_offset_s: float = 0
    options: tuple[str, ...] = ()

    def make(self, folder: Path) -> Path:
        """Write the input."""
        picture = ["-itsoffset", str(self.picture_offset_s), "-f", "lavfi", "-i"]
        sound = ["-itsoffset", str(self.sound_offset_s), "-f", "lavfi", "-i"]
        inputs = [*picture, f"testsrc2=s=320x180:d={self.picture_s}", *sound, f"sine=d={self.sound_s}"]
        path = folder / self.name
        ffmpeg("-y", *inputs, "-map", "0:v", "-map", "1:a", *X264, "-c:a", "aac", *self.options, str(path))
        return path


@pytest.mark.parametrize(
    "tracks",
    [
        Tracks("still-screen.mp4", 1, 4, 4),
        Tracks("short-sound.mp4", 4, 1, 4),
        Tracks("late-sound.mkv", 2, 2, 3.5, sound_offset_s=1.5),
        Tracks("late-picture.mp4", 2, 2, 3.5, picture_offset_s=1.5),
        Tracks("one-picture.mp4", 1, 3, 3, options=("-vf", "select='eq(n,0)'")),
        Tracks("recording.webm", 1, 4, 4, options=("-c:v", "libvpx", "-c:a", "libopus", "-live", "1")),
    ],
    ids=lambda tracks: tracks.name,
)
def test_the_longest_track_decides_the_length(environment: EmulatorEnvironment, tmp_path: Path, tracks: Tracks) -> None:
    """The first or the last picture is held, silence is added, and event, playlist and tracks agree."""
    result = _transcode(environment, tracks.make(tmp_path), tmp_path)

    assert result.duration_ms == pytest.approx(tracks.length_s * 1000, abs=110)
    assert sum(result.durations_s) == pytest.approx(tracks.length_s, abs=0.11)
    assert len(result.pictures) == pytest.approx(tracks.length_s * 25, abs=3)
    assert result.sound_s == pytest.approx(tracks.length_s, abs=0.15)


def test_slides_keep_their_length(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """One picture in twenty seconds becomes one in a second, so that every segment has pictures."""
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x180:r=1/20:d=40", *X264, str(tmp_path / "f.mp4"))
    result = _transcode(environment, tmp_path / "f.mp4", tmp_path)

    assert (result.duration_ms, len(result.pictures)) == (40_000, 40)
    assert result.attributes["FRAME-RATE"] == "1.000"


def test_the_shortest_input_has_a_complete_master_playlist(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """One picture of 40 ms has a bandwidth, codecs and a size."""
    result = _transcode(environment, make_video(tmp_path / "f.mp4", "-frames:v", "1", "-an"), tmp_path)

    assert int(result.attributes["BANDWIDTH"]) >= int(result.attributes["AVERAGE-BANDWIDTH"]) > 1000
    assert result.attributes["CODECS"].startswith("avc1.")
    assert (result.attributes["RESOLUTION"], result.duration_ms) == ("320x180", 40)


def test_an_empty_track_is_missing_everywhere(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """A declared track without packets is not in the playlists either; a warning says so."""
    source = make_video(tmp_path / "f.ts", "-c:a", "mp2", "-bsf:a", "noise=drop=1", duration_s=2)
    result = _transcode(environment, source, tmp_path)

    assert result.sound_s == 0
    assert "mp4a" not in result.attributes["CODECS"]
    assert {warning["code"] for warning in result.detail["warnings"]} >= {900_002}


def test_a_truncated_input_plays_to_its_end(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The outputs contain all that is there, and the warning has MediaConvert's code."""
    data = make_video(tmp_path / "whole.mp4", "-movflags", "+faststart", duration_s=4).read_bytes()
    (tmp_path / "f.mp4").write_bytes(data[: len(data) * 6 // 10])
    result = _transcode(environment, tmp_path / "f.mp4", tmp_path)

    assert 1000 < result.duration_ms < 3500
    assert {warning["code"] for warning in result.detail["warnings"]} >= {220_000}


def test_the_tracks_that_decode_are_used(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The first picture and the first sound have a codec that doesn't exist; the second ones are good."""
    make_video(tmp_path / "two.mp4", "-map", "0:v", "-map", "0:v", "-map", "1:a", "-map", "1:a", duration_s=1)
    data = (tmp_path / "two.mp4").read_bytes()
    picture = data.index(b"avc1", data.index(b"stsd"))
    data = data[:picture] + b"zzzz" + data[picture + 4 :]
    sound = data.index(b"mp4a", data.index(b"soun"))
    descriptor = re.compile(rb"\x04\x80\x80\x80.(\x40)", re.DOTALL).search(data, sound)
    assert descriptor is not None
    (tmp_path / "f.mp4").write_bytes(data[: descriptor.start(1)] + b"\x01" + data[descriptor.end(1) :])
    media = probe(tmp_path / "f.mp4")
    result = _transcode(environment, tmp_path / "f.mp4", tmp_path)

    assert [audio.fault is None for audio in media.audios] == [False, True]
    assert [video.stream_id for video in media.unusable_videos] == [1]
    assert len(result.pictures) == 25
    assert result.sound_s > 0.9


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [("sound.m4a", ["-vn"], 1020), ("empty.ts", ["-bsf:v", "noise=drop=1"], 1020), ("broken.mp4", [], 1060)],
)
def test_without_a_usable_picture_the_job_fails(
    environment: EmulatorEnvironment, tmp_path: Path, name: str, arguments: list[str], code: int
) -> None:
    """The code says if the picture is missing or can't be decoded."""
    source = make_video(tmp_path / name, *arguments, duration_s=1)
    if name == "broken.mp4":
        data = source.read_bytes()
        start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
        source.write_bytes(data[:start] + b"\xff" * (end - start) + data[end:])
    job = environment.wait_for_job(environment.create_job(environment.upload(source, f"no/{name}"), f"no/{name}/"))

    assert (job["Status"], job["ErrorCode"]) == ("ERROR", code)


@pytest.mark.parametrize(
    ("name", "rate", "arguments", "expected"),
    [
        ("clock.mkv", "30000/1001", [], "29.970"),
        ("fragments.mp4", "24", ["-movflags", "frag_keyframe+empty_moov", "-g", "10"], "24.000"),
        ("bursts.mp4", "30", ["-vf", "select='lt(mod(n,30),20)'", "-fps_mode", "vfr"], "30.000"),
        (
            "dv.dv",
            "25",
            [
                "-s",
                "720x576",
                "-pix_fmt",
                "yuv420p",
                "-c:v",
                "dvvideo",
                "-c:a",
                "pcm_s16le",
                "-ac",
                "2",
                "-ar",
                "48000",
            ],
            "25.000",
        ),
        ("slow-motion.mp4", "240", [], "120.000"),
        ("old.avi", "25", ["-c:v", "mpeg4", "-c:a", "mp3"], "25.000"),
    ],
)
def test_the_frame_rate_is_that_of_the_pictures(
    environment: EmulatorEnvironment, tmp_path: Path, name: str, rate: str, arguments: list[str], expected: str
) -> None:
    """A container's clock or its long gaps don't decide; the output has a constant rate and every picture once."""
    audio = [] if name == "dv.dv" else ["-c:a", "mp3" if name == "old.avi" else "aac"]
    source = make_video(tmp_path / name, *audio, *arguments, rate=rate, duration_s=2)
    result = _transcode(environment, source, tmp_path)

    assert result.attributes["FRAME-RATE"] == expected
    assert len(result.pictures) == pytest.approx(2 * float(expected), abs=2)
    assert result.duration_ms == pytest.approx(2000, abs=60)


def test_a_transport_streams_broken_clock_is_mended(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """Two recordings in one file are as long as both, even if the second one begins 5000 seconds later."""
    first = make_video(tmp_path / "1.ts", duration_s=1)
    second = make_video(tmp_path / "2.ts", "-output_ts_offset", "5000", duration_s=1)
    (tmp_path / "f.ts").write_bytes(first.read_bytes() + second.read_bytes())
    result = _transcode(environment, tmp_path / "f.ts", tmp_path)

    assert result.duration_ms == pytest.approx(2000, abs=100)
    assert len(result.pictures) == pytest.approx(50, abs=2)


def test_a_recording_that_changes_its_size_keeps_its_length(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """All pictures have the size of the first one; none is added or lost."""
    first = make_video(tmp_path / "1.ts", duration_s=1)
    second = make_video(tmp_path / "2.ts", "-output_ts_offset", "1", size="160x90", duration_s=1)
    (tmp_path / "f.ts").write_bytes(first.read_bytes() + second.read_bytes())
    result = _transcode(environment, tmp_path / "f.ts", tmp_path)

    assert {(picture.width, picture.height) for picture in result.pictures} == {(320, 180)}
    assert len(result.pictures) == 50


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67", "bt2020-10"])
def test_high_dynamic_range_becomes_standard(environment: EmulatorEnvironment, tmp_path: Path, transfer: str) -> None:
    """The output is 8-bit BT.709 in its tags and in its pictures; only PQ has another middle grey."""
    tags = f"format=yuv420p10le,setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc:range=tv"
    lavfi = "color=c=0x808080:s=320x180:d=0.4"
    x265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1"]
    ffmpeg("-f", "lavfi", "-i", lavfi, "-vf", tags, *x265, "-pix_fmt", "yuv420p10le", str(tmp_path / "f.mp4"))
    picture = _transcode(environment, tmp_path / "f.mp4", tmp_path).pictures[-1]

    assert picture.format.name == "yuv420p"
    assert (int(picture.color_primaries), int(picture.color_trc), int(picture.colorspace)) == (1, 1, 1)
    names = {str(getattr(side_data, "type", side_data)) for side_data in picture.side_data}
    assert not any("MASTERING" in name or "LIGHT" in name for name in names)
    assert (abs(bytes(picture.planes[0])[0] - GREY) > 10) == (transfer == "smpte2084")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("full.avi", ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"]),
        ("rgb.mp4", ["-c:v", "libx264rgb", "-pix_fmt", "rgb24", "-qp", "0"]),
        ("alpha.mov", ["-c:v", "qtrle", "-pix_fmt", "argb"]),
    ],
)
def test_colours_are_the_same_from_full_range_and_rgb(
    environment: EmulatorEnvironment, tmp_path: Path, name: str, arguments: list[str]
) -> None:
    """White is 235 and black is 16 in the output's limited range."""
    lavfi = "color=c=white:s=320x180:d=0.4,drawbox=w=160:c=black:t=fill"
    ffmpeg("-f", "lavfi", "-i", lavfi, *arguments, str(tmp_path / name))
    picture = _transcode(environment, tmp_path / name, tmp_path).pictures[-1]
    row = bytes(picture.planes[0])[:320]

    assert row[40] == pytest.approx(16, abs=2)
    assert row[280] == pytest.approx(235, abs=2)


def test_interlaced_pictures_have_no_combs(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """A bar that moves quickly has straight edges: neighbouring lines are as alike as every second line."""
    bar = "nullsrc=s=320x240:r=50:d=1,geq=lum='if(between(X,mod(N*8,280),mod(N*8,280)+40),235,16)':cb=128:cr=128"
    x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-flags", "+ildct+ilme"]
    ffmpeg("-f", "lavfi", "-i", bar, "-vf", "interlace", *x264, str(tmp_path / "f.mp4"))
    result = _transcode(environment, tmp_path / "f.mp4", tmp_path)
    assert _combing(_pictures(tmp_path / "f.mp4")[12]) > 5
    assert _combing(result.pictures[12]) < 2
    assert result.attributes["FRAME-RATE"] == "25.000"


def _pictures(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def _combing(picture: av.VideoFrame) -> float:
    """Return the mean difference of neighbouring lines."""
    plane = picture.planes[0]
    data, stride = bytes(plane), plane.line_size
    lines = [data[n * stride : n * stride + picture.width] for n in range(picture.height)]
    pairs = [pair for above, below in pairwise(lines) for pair in zip(above, below, strict=True)]
    return float(Fraction(sum(abs(a - b) for a, b in pairs), len(pairs)))
