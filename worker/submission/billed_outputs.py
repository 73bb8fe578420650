"""The outputs that a job of a template makes, with everything that their price depends on. Pure.

The names of tiers, codecs and qualities are those of AWS's bill (transcode/billing.py). The template decides them; the
input decides the size where the template doesn't enlarge, and the frame rate where the template keeps it.
https://docs.aws.amazon.com/mediaconvert/latest/ug/feature-limits-by-tier.html
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from transcode.billing import (
    AUDIO,
    BASIC,
    CAPTURE,
    PROFESSIONAL,
    SINGLE_PASS,
    SINGLE_PASS_HQ,
    BilledOutput,
    OutputFormat,
    frame_rate_class,
)
from worker.submission.probed_input import ProbedInput

Settings = Mapping[str, Any]

CODECS = {"H_264": "AVC", "H_265": "HEVC", "AV1": "AV1", "VP8": "VP8", "VP9": "VP9"}
"""AWS's bill has these codecs with a frame rate and a resolution. The price of others isn't known."""
CODEC_SETTINGS = {
    "H_264": "H264Settings",
    "H_265": "H265Settings",
    "AV1": "Av1Settings",
    "VP8": "Vp8Settings",
    "VP9": "Vp9Settings",
}
BASIC_CODECS = frozenset({"H_264", "VP8", "VP9"})
PLAIN_AUDIO = frozenset({"AAC", "AIFF", "FLAC", "MP2", "MP3", "OPUS", "VORBIS", "WAV"})
FRAME_CAPTURE = "FRAME_CAPTURE"
QUALITIES = {"SINGLE_PASS": SINGLE_PASS, "SINGLE_PASS_HQ": SINGLE_PASS_HQ, "MULTI_PASS_HQ": "MHQ"}
BASIC_PREPROCESSORS = frozenset({"ImageInserter"})
"""Static overlays; every other preprocessor moves its output to the Professional tier."""


def planned_outputs(template: Settings, probed: ProbedInput | None) -> list[BilledOutput]:
    """Return the outputs of a job, in the order of the template's settings; without a probe, less is known of them.

    `template` is a job template as GetJobTemplate returns it.
    """
    probed = probed or ProbedInput()
    return [
        BilledOutput(
            format=_format(output, group, template, probed),
            height_px=_height_px(output.get("VideoDescription"), probed),
            duration_ms=_duration_ms(output, probed),
        )
        for group, output in _outputs(template)
    ]


def _duration_ms(output: Settings, probed: ProbedInput) -> int | None:
    """Return the length of the output; that of a frame capture is the number of pictures times their interval."""
    captures = _captures(output)
    if captures is None:
        return probed.duration_ms
    most, numerator = captures.get("MaxCaptures"), captures.get("FramerateNumerator")
    if not most or not numerator:
        return probed.duration_ms
    longest_ms = round(Fraction(most * captures.get("FramerateDenominator", 1), numerator) * 1000)
    return longest_ms if probed.duration_ms is None else min(longest_ms, probed.duration_ms)


def _captures(output: Settings) -> Settings | None:
    """Return the settings of a frame capture; None for any other output."""
    codec: Settings = (output.get("VideoDescription") or {}).get("CodecSettings") or {}
    return (codec.get("FrameCaptureSettings") or {}) if codec.get("Codec") == FRAME_CAPTURE else None


def _outputs(template: Settings) -> Iterator[tuple[Settings, Settings]]:
    for group in template["Settings"].get("OutputGroups") or ():
        for output in group.get("Outputs") or ():
            yield group, output


def _format(output: Settings, group: Settings, template: Settings, probed: ProbedInput) -> OutputFormat | None:
    """Return the output's format; None if its price depends on something else, such as a preset."""
    video = output.get("VideoDescription")
    if "Preset" in output or (video is None and not output.get("AudioDescriptions")):
        return None
    if video is None:
        return OutputFormat(tier=PROFESSIONAL, codec=AUDIO) if _is_audio_only(output, group) else None
    if _captures(output) is not None:
        return OutputFormat(tier=BASIC, codec=CAPTURE)
    codec = (video.get("CodecSettings") or {}).get("Codec", "")
    if codec not in CODECS:
        return None
    settings = video["CodecSettings"].get(CODEC_SETTINGS[codec]) or {}
    quality = "" if codec == "AV1" else QUALITIES.get(settings.get("QualityTuningLevel", "SINGLE_PASS"), "")
    is_basic = (
        codec in BASIC_CODECS
        and quality in {SINGLE_PASS, SINGLE_PASS_HQ}
        and not _is_professional(video, settings, output)
        and not _is_professional_job(group, template)
    )
    return OutputFormat(
        tier=BASIC if is_basic else PROFESSIONAL,
        codec=CODECS[codec],
        quality=quality,
        frame_rate=_frame_rate(settings, probed),
    )


def _is_audio_only(output: Settings, group: Settings) -> bool:
    """Return whether the output has AWS's price of sound alone.

    A rendition of sound beside pictures is no audio-only output, and Dolby and loudness cost more.
    https://docs.aws.amazon.com/mediaconvert/latest/ug/audio-only.html
    """
    has_pictures = any("VideoDescription" in each or "Preset" in each for each in group.get("Outputs") or ())
    return not has_pictures and all(
        (each.get("CodecSettings") or {}).get("Codec") in PLAIN_AUDIO and not each.get("AudioNormalizationSettings")
        for each in output["AudioDescriptions"]
    )


def _is_professional(video: Settings, codec_settings: Settings, output: Settings) -> bool:
    captions = output.get("CaptionDescriptions") or ()
    return (
        bool(set(video.get("VideoPreprocessors") or {}) - BASIC_PREPROCESSORS)
        or "BandwidthReductionFilter" in codec_settings
        or any((each.get("DestinationSettings") or {}).get("DestinationType") == "BURN_IN" for each in captions)
    )


def _is_professional_job(group: Settings, template: Settings) -> bool:
    """Return whether the job or the group has a feature that moves its outputs to the Professional tier."""
    inputs = template["Settings"].get("Inputs") or ()
    return (
        (template.get("AccelerationSettings") or {}).get("Mode", "DISABLED") != "DISABLED"
        or "AutomatedEncodingSettings" in group
        or any(each.get("AdvancedInputFilter") == "ENABLED" for each in inputs)
    )


def _frame_rate(settings: Settings, probed: ProbedInput) -> str | None:
    if settings.get("FramerateControl", "INITIALIZE_FROM_SOURCE") == "INITIALIZE_FROM_SOURCE":
        return None if probed.frames_per_s is None else frame_rate_class(probed.frames_per_s)
    numerator, denominator = settings.get("FramerateNumerator") or 0, settings.get("FramerateDenominator") or 0
    return frame_rate_class(Fraction(numerator, denominator)) if numerator and denominator else None


def _height_px(video: Settings | None, probed: ProbedInput) -> int | None:
    """Return the lines of the output; None without a picture, or if they depend on an input of unknown size."""
    if video is None:
        return None
    width, height = video.get("Width"), video.get("Height")
    scaling = video.get("ScalingBehavior", "DEFAULT")
    if height and (scaling not in {"FIT", "FIT_NO_UPSCALE"}):
        return int(height)
    if probed.width_px is None or probed.height_px is None:
        return None
    scales = [Fraction(size, own) for size, own in ((width, probed.width_px), (height, probed.height_px)) if size]
    if scaling == "FIT_NO_UPSCALE" or not scales:
        scales.append(Fraction(1))
    return round(probed.height_px * min(scales))
