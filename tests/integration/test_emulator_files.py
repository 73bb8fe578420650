"""The emulator's file groups: videos, audio and pictures, with MediaConvert's names and events."""

from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from tests.emulator_environment import EmulatorEnvironment, decode, emulator_environment, ffmpeg, make_video
from tests.emulator_groups import Settings, aac, audio, download, frame_capture, group, h264, output, run_groups, vpx


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all tests of this module; each test has its own keys."""
    with emulator_environment(aws_endpoint, concurrency=2) as environment:
        yield environment


def _pictures(folder: Path, keys: list[str]) -> list[av.VideoFrame]:
    frames = []
    for key in keys:
        with av.open(str(folder / key)) as container:
            frames += list(container.decode(video=0))
    return frames


def _rgb(frame: av.VideoFrame) -> tuple[int, int, int]:
    """Return the colour in the middle of a picture."""
    plane = frame.reformat(format="rgb24").planes[0]
    start = plane.line_size * (frame.height // 2) + 3 * (frame.width // 2)
    red, green, blue = bytes(plane)[start : start + 3]
    return red, green, blue


def test_a_download_a_poster_and_thumbnails_are_made_beside_the_stream(
    environment: EmulatorEnvironment, tmp_path: Path
) -> None:
    """One job makes all four; the group of pictures reports the last picture, and pictures times interval."""
    base = f"s3://{environment.outputs}/beside/"
    details = run_groups(
        environment,
        make_video(tmp_path / "f.mp4", duration_s=7),
        "beside/",
        group(
            "Hls",
            f"{base}hls",
            output("M3U8", video=h264(), audios=(aac(),), NameModifier="_90p"),
            SegmentLength=4,
            MinSegmentLength=0,
        ),
        group(
            "File",
            base,
            output("MP4", video=h264(), audios=(aac(),)),
            output("MP4", audios=(aac(),), Extension="m4a"),
            output("RAW", video=frame_capture(MaxCaptures=1), NameModifier="_poster"),
            output(
                "RAW", video=frame_capture(FramerateNumerator=1, FramerateDenominator=2), NameModifier="_thumbnails"
            ),
        ),
    )

    assert environment.output_keys("beside/") == [
        "f.m4a",
        "f.mp4",
        "f_poster.0000000.jpg",
        *(f"f_thumbnails.000000{number}.jpg" for number in range(4)),
        "hls.m3u8",
        "hls_90p.m3u8",
        "hls_90p_00001.ts",
        "hls_90p_00002.ts",
    ]
    _, files = details
    assert [detail["outputFilePaths"] for detail in files["outputDetails"]] == [
        [f"{base}f.mp4"],
        [f"{base}f.m4a"],
        [f"{base}f_poster.0000000.jpg"],
        [f"{base}f_thumbnails.0000003.jpg"],
    ]
    assert [detail["durationInMs"] for detail in files["outputDetails"]][2:] == [1000, 8000]
    assert files["outputDetails"][3]["videoDetails"] == {"widthInPx": 160, "heightInPx": 90}
    assert decode(str(download(environment, "beside/f.m4a", tmp_path))) == {
        "size": None,
        "frames": 0,
        "has_audio": True,
    }


def test_captured_pictures_are_those_that_a_player_shows_at_their_times(
    environment: EmulatorEnvironment, tmp_path: Path
) -> None:
    """The first is the first picture; others follow one interval after another, with the video's colours."""
    colors = ["red", "lime", "blue"]
    inputs = [part for color in colors for part in ("-f", "lavfi", "-i", f"color={color}:s=320x180:d=2")]
    graph = "".join(f"[{n}:v]scale=out_color_matrix=bt709[c{n}];" for n in range(3)) + "[c0][c1][c2]concat=n=3"
    tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-pix_fmt", "yuv420p"]
    ffmpeg(*inputs, "-filter_complex", graph, "-c:v", "libx264", *tags, str(tmp_path / "f.mp4"))
    destination = f"s3://{environment.outputs}/times/"
    run_groups(
        environment,
        tmp_path / "f.mp4",
        "times/",
        group(
            "File",
            destination,
            output("MP4", video=h264()),
            output("RAW", video=frame_capture(FramerateNumerator=1, FramerateDenominator=2)),
        ),
    )
    keys = [key for key in environment.output_keys("times/") if key.endswith(".jpg")]
    for key in keys:
        download(environment, f"times/{key}", tmp_path)
    pictures = [_rgb(frame) for frame in _pictures(tmp_path, keys)]

    assert len(pictures) == 3
    for picture, expected in zip(pictures, [(255, 0, 0), (0, 255, 0), (0, 0, 255)], strict=True):
        assert picture == pytest.approx(expected, abs=12)


def test_a_higher_quality_makes_larger_pictures(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The quality is from 1 to 100."""
    qualities = (1, 50, 100)
    run_groups(
        environment,
        make_video(tmp_path / "f.mp4", duration_s=1),
        "quality/",
        group(
            "File",
            f"s3://{environment.outputs}/quality/",
            output("MP4", video=h264()),
            *(
                output("RAW", video=frame_capture(Quality=quality, MaxCaptures=1), NameModifier=f"_{quality}")
                for quality in qualities
            ),
        ),
    )
    sizes = [
        environment.s3.head_object(Bucket=environment.outputs, Key=f"quality/f_{quality}.0000000.jpg")
        for quality in qualities
    ]

    assert [head["ContentType"] for head in sizes] == ["image/jpeg"] * 3
    assert sizes[0]["ContentLength"] < sizes[1]["ContentLength"] < sizes[2]["ContentLength"]


@pytest.mark.parametrize(
    ("container", "track", "name", "codecs"),
    [
        ("MOV", {"video": h264(), "audios": (audio("WAV", BitDepth=16),)}, "f.mov", ["h264", "pcm_s16le"]),
        ("M2TS", {"video": h264(), "audios": (audio("MP2", Bitrate=128_000),)}, "f.m2ts", ["h264", "mp2"]),
        ("WEBM", {"video": vpx("VP9", GopSize=50), "audios": (audio("OPUS"),)}, "f.webm", ["vp9", "opus"]),
        ("WEBM", {"video": vpx("VP8"), "audios": (audio("VORBIS"),)}, "f.webm", ["vp8", "vorbis"]),
        ("OGG", {"audios": (audio("VORBIS", VbrQuality=1),)}, "f.ogg", ["vorbis"]),
        ("RAW", {"audios": (audio("MP3", Bitrate=128_000, RateControlMode="CBR"),)}, "f.mp3", ["mp3float"]),
        ("RAW", {"audios": (audio("MP2", Channels=1),)}, "f.mp2", ["mp2float"]),
        ("RAW", {"audios": (audio("WAV", BitDepth=24, SampleRate=44_100),)}, "f.wav", ["pcm_s24le"]),
        ("RAW", {"audios": (audio("AIFF", BitDepth=24),)}, "f.aiff", ["pcm_s24be"]),
        ("RAW", {"audios": (audio("FLAC", BitDepth=24, Channels=2),)}, "f.flac", ["flac"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_has_the_tracks_of_its_description(
    environment: EmulatorEnvironment, tmp_path: Path, container: str, track: Settings, name: str, codecs: list[str]
) -> None:
    """Each decodes completely, and is as long as the input."""
    prefix = f"tracks-{container}-{'-'.join(codecs)}/"
    (details,) = run_groups(
        environment,
        make_video(tmp_path / "f.mp4", duration_s=2),
        prefix,
        group("File", f"s3://{environment.outputs}/{prefix}", output(container, **track)),
    )
    path = download(environment, f"{prefix}{name}", tmp_path)
    with av.open(str(path)) as opened:
        found = [stream.codec_context.name for stream in opened.streams]
        frames = list(opened.decode(audio=0))

    assert [codec.removesuffix("float") for codec in found] == [codec.removesuffix("float") for codec in codecs]
    assert sum(frame.samples / frame.sample_rate for frame in frames) == pytest.approx(2, abs=0.1)
    assert details["outputDetails"][0]["durationInMs"] == pytest.approx(2000, abs=100)


def test_wave_settings_change_the_header(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """RF64 is for files above 4 GB."""
    run_groups(
        environment,
        make_video(tmp_path / "f.mp4", duration_s=1),
        "wav/",
        group(
            "File",
            f"s3://{environment.outputs}/wav/",
            *(output("RAW", audios=(audio("WAV", Format=name),), NameModifier=name) for name in ("RIFF", "RF64")),
        ),
    )

    for name in ("RIFF", "RF64"):
        assert download(environment, f"wav/f{name}.wav", tmp_path).read_bytes()[:4] == name.encode()


def test_a_download_begins_with_its_index(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """A player can begin before the file has arrived completely."""
    run_groups(
        environment,
        make_video(tmp_path / "f.mp4", duration_s=1),
        "index/",
        group("File", f"s3://{environment.outputs}/index/", output("MP4", video=h264(), audios=(aac(),))),
    )
    data = download(environment, "index/f.mp4", tmp_path).read_bytes()

    assert data.index(b"moov") < data.index(b"mdat")
