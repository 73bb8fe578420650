"""Parses the video description of an output. Pure."""

from fractions import Fraction
from typing import Any

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.rectangles import parse_rectangle
from mediaconvert_emulator.spec import FrameCapture, VideoSpec

VIDEO_ENCODERS: dict[str, tuple[Any, str]] = {
    "H_264": ("libx264", "h264Settings"),
    "H_265": ("libx265", "h265Settings"),
    "VP8": ("libvpx", "vp8Settings"),
    "VP9": ("libvpx-vp9", "vp9Settings"),
    "FRAME_CAPTURE": ("mjpeg", "frameCaptureSettings"),
}
H264_PROFILES = {"BASELINE": "baseline", "MAIN": "main", "HIGH": "high"}
DEFAULT_QVBR_LEVEL = 7
# AWS publishes no defaults of a frame capture.
DEFAULT_CAPTURES_PER_S = 1
DEFAULT_CAPTURE_QUALITY = 80
MAX_CAPTURES = 10_000_000


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
        emulated = ", ".join(VIDEO_ENCODERS)
        raise BadRequestException(f"{codec_pointer}/codec: {codec} is not emulated; {emulated} are")
    encoder, field = VIDEO_ENCODERS[codec]
    settings = codec_settings.get(field) or {}
    size: dict[str, Any] = {
        "width_px": description.get("width"),
        "height_px": description.get("height"),
        "scaling": description.get("scalingBehavior") or "DEFAULT",
        "crop": parse_rectangle(description.get("crop")),
        "position": parse_rectangle(description.get("position")),
    }
    if codec == "FRAME_CAPTURE":
        return VideoSpec(encoder=encoder, **size, **_frame_capture(settings))
    frame_rate = _frame_rate(settings, f"{codec_pointer}/{field}")
    return VideoSpec(
        encoder=encoder,
        profile=_profile(codec, settings, codec_pointer),
        frame_rate=frame_rate,
        encoder_options=_encoder_options(codec, settings),
        **_gop(settings, frame_rate),
        **size,
        **_rate_control(settings, f"{codec_pointer}/{field}"),
    )


def _frame_capture(settings: JsonObject) -> dict[str, Any]:
    rate = Fraction(settings.get("framerateNumerator", DEFAULT_CAPTURES_PER_S), settings.get("framerateDenominator", 1))
    capture = FrameCapture(
        max_captures=settings.get("maxCaptures", MAX_CAPTURES),
        quality_percent=settings.get("quality", DEFAULT_CAPTURE_QUALITY),
    )
    return {"frame_rate": rate, "capture": capture}


def _profile(codec: str, settings: JsonObject, pointer: str) -> str | None:
    match codec:
        case "H_264":
            return _h264_profile(settings, pointer)
        case "H_265":
            return "main"
        case _:
            return None


def _encoder_options(codec: str, settings: JsonObject) -> tuple[str, ...]:
    match codec:
        case "H_264":
            return _x264_options(settings)
        case "VP8" | "VP9" if settings.get("hrdBufferSize"):
            return ("-bufsize:v", str(settings.get("hrdBufferSize")))
        case _:
            return ()


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


def _gop(settings: JsonObject, frame_rate: Fraction | None) -> dict[str, Any]:
    size, units = settings.get("gopSize"), settings.get("gopSizeUnits", "FRAMES")
    if not size or units == "AUTO":
        return {}
    if units == "SECONDS":
        return {"gop_s": float(size)}
    return {"gop_s": float(size / frame_rate)} if frame_rate else {"gop_frames": float(size)}
