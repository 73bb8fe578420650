"""Parses the video and audio descriptions of an output. Pure."""

from fractions import Fraction
from typing import Any

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.spec import AudioSpec, InputSpec, VideoSpec

VIDEO_ENCODERS: dict[str, tuple[Any, str]] = {
    "H_264": ("libx264", "h264Settings"),
    "H_265": ("libx265", "h265Settings"),
}
H264_PROFILES = {"BASELINE": "baseline", "MAIN": "main", "HIGH": "high"}
DEFAULT_QVBR_LEVEL = 7
AUDIO_ENCODERS = {
    "AAC": ("aac", "aacSettings"),
    "AC3": ("ac3", "ac3Settings"),
    "EAC3": ("eac3", "eac3Settings"),
    "MP3": ("libmp3lame", "mp3Settings"),
}
CHANNELS = {
    "CODING_MODE_1_0": 1,
    "CODING_MODE_2_0": 2,
    "CODING_MODE_3_2": 6,
    "CODING_MODE_3_2_LFE": 6,
    "CODING_MODE_5_1": 6,
}
DEFAULT_AUDIO_BITRATE_BPS = {"AAC": 96_000, "AC3": 192_000, "EAC3": 192_000, "MP3": 128_000}


def parse_video(description: JsonObject, pointer: str) -> VideoSpec:
    """Parse a VideoDescription.

    Raises:
        BadRequestException: The description is incomplete, or its codec is not emulated.
    """
    codec_settings = description.get("codecSettings") or {}
    codec = codec_settings.get("codec")
    codec_pointer = f"{pointer}/codecSettings"
    if codec is None:
        raise BadRequestException(f"{codec_pointer}/codec: Should exist")
    if codec not in VIDEO_ENCODERS:
        raise BadRequestException(f"{codec_pointer}/codec: {codec} is not emulated; H_264 and H_265 are")
    encoder, field = VIDEO_ENCODERS[codec]
    settings = codec_settings.get(field) or {}
    frame_rate = _frame_rate(settings, f"{codec_pointer}/{field}")
    return VideoSpec(
        encoder=encoder,
        profile=_h264_profile(settings, codec_pointer) if codec == "H_264" else "main",
        width_px=description.get("width"),
        height_px=description.get("height"),
        scaling=description.get("scalingBehavior") or "DEFAULT",
        frame_rate=frame_rate,
        gop_s=_gop_s(settings, frame_rate),
        encoder_options=_x264_options(settings) if codec == "H_264" else (),
        **_rate_control(settings, f"{codec_pointer}/{field}"),
    )


def _h264_profile(settings: JsonObject, pointer: str) -> str:
    profile = settings.get("codecProfile", "HIGH")
    if profile not in H264_PROFILES:
        raise BadRequestException(
            f"{pointer}/h264Settings/codecProfile: {profile} is not emulated; 8-bit 4:2:0 profiles are"
        )
    return H264_PROFILES[profile]


def _x264_options(settings: JsonObject) -> tuple[str, ...]:
    """Return ffmpeg's options for the settings that x264 knows under a name of its own."""
    level = settings.get("codecLevel", "AUTO")
    options = {
        "-bf:v": settings.get("numberBFramesBetweenReferenceFrames"),
        "-bufsize:v": settings.get("hrdBufferSize") or None,
        "-coder:v": {"CABAC": "cabac", "CAVLC": "cavlc"}.get(settings.get("entropyEncoding", "")),
        "-level:v": None if level == "AUTO" else level.removeprefix("LEVEL_").replace("_", "."),
        "-refs:v": settings.get("numberReferenceFrames"),
        "-slices:v": settings.get("slices"),
    }
    return tuple(text for name, value in options.items() if value is not None for text in (name, str(value)))


def parse_audio(description: JsonObject, input_spec: InputSpec, pointer: str) -> AudioSpec:
    """Parse an AudioDescription.

    Args:
        description: The AudioDescription.
        input_spec: The input, whose audio selectors the description names.
        pointer: The JSON pointer of the description, for error messages.

    Raises:
        BadRequestException: The description is incomplete, its codec is not emulated, or its selector doesn't exist.
    """
    codec_settings = description.get("codecSettings") or {}
    codec = codec_settings.get("codec")
    if codec is None:
        raise BadRequestException(f"{pointer}/codecSettings/codec: Should exist")
    if codec not in AUDIO_ENCODERS:
        raise BadRequestException(
            f"{pointer}/codecSettings/codec: {codec} is not emulated; {', '.join(AUDIO_ENCODERS)} are"
        )
    encoder, field = AUDIO_ENCODERS[codec]
    settings = codec_settings.get(field) or {}
    return AudioSpec(
        encoder=encoder,
        bitrate_bps=settings.get("bitrate", DEFAULT_AUDIO_BITRATE_BPS[codec]),
        sample_rate_hz=settings.get("sampleRate", 48_000),
        channels=settings.get("channels") or _channels(settings, f"{pointer}/codecSettings/{field}"),
        track_index=_track_index(description, input_spec, pointer),
    )


def _channels(settings: JsonObject, pointer: str) -> int:
    mode = settings.get("codingMode", "CODING_MODE_2_0")
    if mode not in CHANNELS:
        raise BadRequestException(f"{pointer}/codingMode: {mode} is not emulated")
    return CHANNELS[mode]


def _track_index(description: JsonObject, input_spec: InputSpec, pointer: str) -> int:
    """Return the description's audio track. As on AWS, the input's default selector replaces a missing selector."""
    source, tracks = description.get("audioSourceName"), input_spec.audio_tracks
    if source is None:
        return next(iter(tracks.values()), 0)
    selector = source if source in tracks else input_spec.default_audio_selector
    if selector is None:
        raise BadRequestException(
            f"{pointer}/audioSourceName: No audio selector named {source!r} in the input; silence is not emulated"
        )
    return tracks[selector]


def _rate_control(settings: JsonObject, pointer: str) -> dict[str, Any]:
    mode = settings.get("rateControlMode", "VBR")
    bitrate, max_bitrate = settings.get("bitrate"), settings.get("maxBitrate")
    if mode == "QVBR":
        if max_bitrate is None:
            raise BadRequestException(f"{pointer}/maxBitrate: Should exist when rateControlMode is QVBR")
        qvbr = settings.get("qvbrSettings") or {}
        level = qvbr.get("qvbrQualityLevel", DEFAULT_QVBR_LEVEL) + qvbr.get("qvbrQualityLevelFineTune", 0)
        return {"quality_crf": crf_of_qvbr(level), "bitrate_bps": None, "max_bitrate_bps": max_bitrate}
    if bitrate is None:
        raise BadRequestException(f"{pointer}/bitrate: Should exist when rateControlMode is {mode}")
    if mode == "CBR":
        max_bitrate = bitrate
    return {"quality_crf": None, "bitrate_bps": bitrate, "max_bitrate_bps": max_bitrate or bitrate * 2}


def crf_of_qvbr(level: float) -> float:
    """Return the constant rate factor of a QVBR quality level (1 to 10).

    Level 7, broadcast quality, gives 23, x264's default.
    """
    return 37 - 2 * level


def _frame_rate(settings: JsonObject, pointer: str) -> Fraction | None:
    if settings.get("framerateControl") != "SPECIFIED":
        return None
    numerator = settings.get("framerateNumerator")
    if numerator is None:
        raise BadRequestException(f"{pointer}/framerateNumerator: Should exist when framerateControl is SPECIFIED")
    return Fraction(numerator, settings.get("framerateDenominator", 1))


def _gop_s(settings: JsonObject, frame_rate: Fraction | None) -> float | None:
    size, units = settings.get("gopSize"), settings.get("gopSizeUnits", "FRAMES")
    if not size or units == "AUTO":
        return None
    if units == "SECONDS":
        return float(size)
    return float(size / frame_rate) if frame_rate else None
