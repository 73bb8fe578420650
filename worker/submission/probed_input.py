"""An input file as MediaConvert's Probe describes it. Pure.

Probe reads the file's headers only, so a file can state a length that it doesn't have. The job's input clipping is the
bound that holds; the probe finds most of such files before they cost anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedInput:
    """The facts that limits and prices depend on. None is unknown; an input without a picture has no size."""

    duration_ms: int | None = None
    video_tracks: int = 0
    audio_tracks: int = 0
    width_px: int | None = None
    height_px: int | None = None
    frames_per_s: Fraction | None = None


def parse_probe(response: Mapping[str, Any]) -> ProbedInput:
    """Return the input that the response describes. A part that is missing or has an unexpected form is unknown.

    The video track need not be the first one. If there are several, the largest counts.
    """
    result: Mapping[str, Any] = next(iter(response.get("ProbeResults") or ()), {})
    container = result.get("Container") or {}
    tracks: Sequence[Mapping[str, Any]] = container.get("Tracks") or ()
    videos = [each.get("VideoProperties") or {} for each in tracks if each.get("TrackType") == "video"]
    video = max(videos, key=_pixels, default={})
    return ProbedInput(
        duration_ms=_duration_ms([container, *tracks]),
        video_tracks=len(videos),
        audio_tracks=sum(each.get("TrackType") == "audio" for each in tracks),
        width_px=video.get("Width") or None,
        height_px=video.get("Height") or None,
        frames_per_s=_rate(video.get("FrameRate") or {}),
    )


def _pixels(video: Mapping[str, Any]) -> int:
    return int(video.get("Width") or 0) * int(video.get("Height") or 0)


def _duration_ms(parts: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the longest duration: a container may state a shorter one than its tracks have."""
    durations_s = [float(each.get("Duration") or 0) for each in parts]
    longest_s = max(durations_s, default=0)
    return round(longest_s * 1000) if 0 < longest_s < float("inf") else None


def _rate(rate: Mapping[str, Any]) -> Fraction | None:
    numerator, denominator = rate.get("Numerator") or 0, rate.get("Denominator") or 0
    return Fraction(numerator, denominator) if numerator > 0 and denominator > 0 else None
