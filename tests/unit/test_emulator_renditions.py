"""The renditions of an input, their sizes and their ffmpeg arguments."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.errors import NoAudio, NoVideo
from mediaconvert_emulator.ffmpeg_command import EncoderSettings, ffmpeg_arguments, key_files
from mediaconvert_emulator.frame_rate import standard_frame_rate
from mediaconvert_emulator.input_spec import InputSpec
from mediaconvert_emulator.media import AudioStream, Media, VideoStream
from mediaconvert_emulator.renditions import NO_AUDIO, OUTPUTS_OMITTED, RenditionPlan, plan_renditions
from mediaconvert_emulator.sizing import PictureSize, fit_picture
from mediaconvert_emulator.spec import (
    AudioSpec,
    FileGroup,
    FrameCapture,
    HlsEncryption,
    HlsGroup,
    JobSpec,
    OutputSpec,
    Scaling,
    VideoSpec,
)

ENCODER = EncoderSettings(preset="veryfast", threads=2)
AUDIO = AudioStream(stream_id=2, codec="aac", channels=2, sample_rate_hz=48_000, language="UND")
AAC = AudioSpec(encoder="aac", bitrate_bps=96_000, sample_rate_hz=48_000, channels=2)


def _video(width: int | None, height: int | None, scaling: Scaling = "FIT_NO_UPSCALE") -> VideoSpec:
    return VideoSpec(
        encoder="libx264",
        profile="high",
        width_px=width,
        height_px=height,
        scaling=scaling,
        frame_rate=None,
        gop_s=2,
        quality_crf=23,
        bitrate_bps=None,
        max_bitrate_bps=1_000_000,
    )


def _output(name: str, video: VideoSpec | None, audios: tuple[AudioSpec, ...] = (AAC,)) -> OutputSpec:
    return OutputSpec(
        name_modifier=name,
        segment_modifier="",
        container="mpegts",
        extension="ts",
        video=video,
        audios=audios,
        audio_group_id="program_audio",
        is_alternate_audio=video is None,
        is_default_audio=False,
    )


LADDER = (
    _output("_1080p", _video(1920, 1080)),
    _output("_720p", _video(1280, 720)),
    _output("_360p", _video(640, 360)),
)


def _spec(*outputs: OutputSpec, **group: Any) -> JobSpec:  # noqa: ANN401 (fields of a group)
    settings: dict[str, Any] = {
        "destination": "s3://out/",
        "segment_s": 6.0,
        "is_segment_exact": True,
        "encryption": None,
        "outputs": outputs,
    }
    input_spec = InputSpec(uri="s3://in/video.mp4", rotate="AUTO", audio_sources={})
    return JobSpec(input=input_spec, groups=(HlsGroup(**settings | group),))


def _media(
    width: int = 1920, height: int = 1080, *, rotation_degrees: int = 0, audios: tuple[AudioStream, ...] = (AUDIO,)
) -> Media:
    video = VideoStream(
        stream_id=1,
        codec="h264",
        four_cc="avc1",
        width_px=width,
        height_px=height,
        pixel_aspect=Fraction(1),
        rotation_degrees=rotation_degrees,
        frame_rate=Fraction(25),
        bit_depth=8,
        color_format="YUV_420",
        is_interlaced=False,
    )
    return Media(container="mov", duration_s=10, video=video, audios=audios)


def _names_and_sizes(plan: RenditionPlan) -> list[tuple[str, tuple[int, int] | None]]:
    return [(r.output.name_modifier, r.video.picture.framed if r.video else None) for r in plan.renditions]


@pytest.mark.parametrize(
    ("input_size", "expected"),
    [
        ((3840, 2160), [("_1080p", (1920, 1080)), ("_720p", (1280, 720)), ("_360p", (640, 360))]),
        ((1920, 1080), [("_1080p", (1920, 1080)), ("_720p", (1280, 720)), ("_360p", (640, 360))]),
        ((1280, 720), [("_720p", (1280, 720)), ("_360p", (640, 360))]),
        ((854, 480), [("_720p", (854, 480)), ("_360p", (640, 360))]),
        ((640, 360), [("_360p", (640, 360))]),
        ((320, 180), [("_360p", (320, 180))]),
        ((1080, 1920), [("_1080p", (608, 1080)), ("_720p", (404, 720)), ("_360p", (202, 360))]),
    ],
)
def test_no_rendition_is_larger_than_the_input(
    input_size: tuple[int, int], expected: list[tuple[str, tuple[int, int]]]
) -> None:
    """A larger output gets the input's size; of outputs with the same size only the smallest specified one is made."""
    assert _names_and_sizes(plan_renditions(_spec(*LADDER), _media(*input_size))) == expected


def test_a_warning_names_the_omitted_outputs() -> None:
    """There is one warning for all of them."""
    (warning,) = plan_renditions(_spec(*LADDER), _media(640, 360)).warnings

    assert warning.code == OUTPUTS_OMITTED
    assert warning.message.endswith(": 0.0, 0.1")


def test_outputs_without_a_specified_size_are_all_made() -> None:
    """They differ in another setting, such as the bitrate."""
    spec = _spec(_output("_a", _video(None, None)), _output("_b", _video(None, None)))
    assert [name for name, _ in _names_and_sizes(plan_renditions(spec, _media()))] == ["_a", "_b"]


def test_a_rotated_input_is_measured_after_the_rotation() -> None:
    """A phone's 1920x1080 video with a rotation of 90 degrees is a portrait."""
    plan = plan_renditions(_spec(*LADDER), _media(rotation_degrees=90))

    assert _names_and_sizes(plan)[0] == ("_1080p", (608, 1080))
    assert plan.rotation_degrees == 90


def test_the_rotation_applies_only_if_the_job_says_auto() -> None:
    """On AWS, too, the default is no rotation."""
    spec = _spec(*LADDER)
    unrotated = replace(spec, input=replace(spec.input, rotate="DEGREE_0"))
    assert _names_and_sizes(plan_renditions(unrotated, _media(rotation_degrees=90)))[0] == ("_1080p", (1920, 1080))


def test_an_input_without_audio_gives_outputs_without_audio() -> None:
    """The job succeeds, with a warning."""
    plan = plan_renditions(_spec(*LADDER), _media(audios=()))

    assert all(rendition.audios == () for rendition in plan.renditions)
    assert [warning.code for warning in plan.warnings] == [NO_AUDIO]


def test_an_audio_output_of_an_input_without_audio_fails() -> None:
    """The output would be empty."""
    with pytest.raises(NoAudio):
        plan_renditions(_spec(_output("_a", None)), _media(audios=()))


def test_a_video_output_of_an_input_without_video_fails() -> None:
    """The output would have no picture."""
    with pytest.raises(NoVideo):
        plan_renditions(_spec(*LADDER), replace(_media(), video=None))


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ("DEFAULT", PictureSize(scaled=(480, 360), framed=(640, 360))),
        ("FIT", PictureSize(scaled=(480, 360), framed=(480, 360))),
        ("FILL", PictureSize(scaled=(640, 480), framed=(640, 360))),
        ("STRETCH_TO_OUTPUT", PictureSize(scaled=(640, 360), framed=(640, 360))),
    ],
)
def test_the_scaling_behavior_decides_how_a_4_3_input_fits_a_16_9_box(scaling: Scaling, expected: PictureSize) -> None:
    """The picture gets bars, a smaller width, a crop or a distortion."""
    assert fit_picture(_video(640, 360, scaling), (Fraction(1440), Fraction(1080))) == expected


@given(
    st.integers(2, 4096),
    st.integers(2, 4096),
    st.none() | st.integers(32, 4096),
    st.none() | st.integers(32, 4096),
    st.sampled_from(["DEFAULT", "STRETCH_TO_OUTPUT", "FIT", "FIT_NO_UPSCALE", "FILL"]),
)
def test_every_picture_has_even_sides_and_can_be_cropped_or_padded(
    width: int, height: int, box_width: int | None, box_height: int | None, scaling: Scaling
) -> None:
    """Both sides are even and positive, and the scaled picture fits into its frame or covers it."""
    picture = fit_picture(_video(box_width, box_height, scaling), (Fraction(width), Fraction(height)))
    sides = (*picture.scaled, *picture.framed)

    assert all(side >= 2 and side % 2 == 0 for side in sides)
    inside = [s <= f for s, f in zip(picture.scaled, picture.framed, strict=True)]
    covers = [s >= f for s, f in zip(picture.scaled, picture.framed, strict=True)]
    assert all(inside) or all(covers)


@pytest.mark.parametrize(
    ("segment_s", "is_exact", "segment", "keyframe_interval"),
    [(6, True, 6, 2), (5, True, 5, 5 / 3), (5, False, 6, 2), (1, True, 1, 1)],
)
def test_keyframes_divide_segments(
    *, segment_s: float, is_exact: bool, segment: float, keyframe_interval: float
) -> None:
    """Every segment begins with a keyframe, at the same time in each rendition."""
    spec = _spec(*LADDER, segment_s=segment_s, is_segment_exact=is_exact)
    plan = plan_renditions(spec, _media())

    assert {rendition.segment_s for rendition in plan.renditions} == {segment}
    assert {r.video.keyframe_interval_s for r in plan.renditions if r.video} == {keyframe_interval}


def test_the_input_is_decoded_once_for_all_renditions() -> None:
    """The command has one input and one split filter."""
    spec = _spec(*LADDER)
    arguments = ffmpeg_arguments(plan_renditions(spec, _media()), spec.groups, input_name="input", encoder=ENCODER)
    graph = arguments[arguments.index("-filter_complex") + 1]

    assert arguments.count("-i") == 1
    assert graph.count("[0:0]") == 1
    assert "split=3[in0-0][in0-1][in0-2];" in graph
    assert "scale=1280:720" in graph


def test_the_command_line_contains_no_key() -> None:
    """Other users of the machine can read command lines."""
    encryption = HlsEncryption(key=bytes(range(16)), url="video.key", iv_hex=None, is_iv_in_manifest=True)
    spec = _spec(*LADDER, encryption=encryption)
    arguments = ffmpeg_arguments(plan_renditions(spec, _media()), spec.groups, input_name="input", encoder=ENCODER)

    assert encryption.key.hex() not in " ".join(arguments)
    assert key_files(spec.groups) == {"0.keyinfo": b"0.key\n0.key\n", "0.key": encryption.key}


def test_ffmpeg_opens_only_files() -> None:
    """An uploaded playlist can't make ffmpeg open addresses or devices."""
    spec = _spec(*LADDER)
    arguments = ffmpeg_arguments(plan_renditions(spec, _media()), spec.groups, input_name="input", encoder=ENCODER)

    assert arguments[arguments.index("-protocol_whitelist") + 1] == "file"
    assert "hls" not in arguments[arguments.index("-format_whitelist") + 1].split(",")


@pytest.mark.parametrize(
    ("rate", "standard"),
    [
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        (Fraction(359520, 12001), Fraction(30000, 1001)),
        (Fraction(2997, 100), Fraction(30000, 1001)),
        (Fraction(25), Fraction(25)),
        (Fraction(15), Fraction(15)),
        (Fraction(1000), Fraction(120)),
        (None, Fraction(25)),
        (Fraction(0), Fraction(25)),
    ],
)
def test_a_frame_rate_becomes_a_standard_one(rate: Fraction | None, standard: Fraction) -> None:
    """Videos of phones and browsers have unusual average rates, or none."""
    assert standard_frame_rate(rate) == standard


def test_a_gop_in_frames_follows_the_inputs_frame_rate() -> None:
    """The input has 25 frames in a second."""
    output = replace(LADDER[2], video=replace(_video(640, 360), gop_s=None, gop_frames=75))
    (rendition,) = plan_renditions(_spec(output), _media()).renditions

    assert rendition.video is not None
    assert rendition.video.keyframe_interval_s == 3


def test_all_outputs_of_a_file_group_are_made() -> None:
    """Each is a file that a reader downloads, and not a step of a ladder."""
    spec = _spec(*LADDER)
    files = FileGroup(destination="s3://out/", outputs=LADDER)
    plan = plan_renditions(replace(spec, groups=(*spec.groups, files)), _media(640, 360))

    assert [(r.group_index, r.output.name_modifier) for r in plan.renditions] == [
        (0, "_360p"),
        (1, "_1080p"),
        (1, "_720p"),
        (1, "_360p"),
    ]
    assert [warning.code for warning in plan.warnings] == [OUTPUTS_OMITTED]


def test_pictures_are_captured_after_the_videos() -> None:
    """Ffmpeg's count of frames, the job's progress, is that of its first video output."""
    capture = VideoSpec(
        encoder="mjpeg",
        width_px=None,
        height_px=90,
        scaling="DEFAULT",
        frame_rate=Fraction(1, 5),
        capture=FrameCapture(max_captures=3, quality_percent=100),
    )
    poster = replace(LADDER[0], video=capture, audios=(), container="image2", extension="jpg")
    spec = replace(
        _spec(*LADDER), groups=(FileGroup(destination="s3://out/", outputs=(poster,)), *_spec(*LADDER).groups)
    )
    arguments = ffmpeg_arguments(plan_renditions(spec, _media()), spec.groups, input_name="input", encoder=ENCODER)
    graph = arguments[arguments.index("-filter_complex") + 1]

    assert arguments[-1] == "0-0.%07d.jpg"
    assert arguments[-arguments[::-1].index("-frames:v")] == "3"
    assert arguments[-arguments[::-1].index("-q:v")] == "2"
    assert "[in0-0]fps=1/5:round=up,scale=160:90" in graph
    assert graph.count("[0:0]") == 1


@pytest.mark.parametrize(("rate", "has_b_frames"), [(Fraction(1), False), (Fraction(25), True)])
def test_slides_have_no_b_frames(rate: Fraction, *, has_b_frames: bool) -> None:
    """B-frames delay the decoder by whole pictures, so at one picture in a second players would begin with a gap."""
    media = _media()
    assert media.video is not None
    slides = replace(media, video=replace(media.video, frame_rate=rate))
    spec = _spec(*LADDER)
    arguments = ffmpeg_arguments(plan_renditions(spec, slides), spec.groups, input_name="input", encoder=ENCODER)

    assert ("-bf" not in arguments) == has_b_frames
