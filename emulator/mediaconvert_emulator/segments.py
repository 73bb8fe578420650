"""The segments of a stream, their lengths and their bandwidth. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor

SEGMENT = re.compile(r"^#EXTINF:([\d.]+),.*\n((?:#.*\n)*)([^#\n].*)$", re.MULTILINE)
WHOLE_TOLERANCE_S = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """A part of a file."""

    offset: int
    size: int

    def __str__(self) -> str:
        """Return the range as playlists have it."""
        return f"{self.size}@{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment of a media playlist: a file, or a part of one."""

    name: str
    duration_s: float
    size_bytes: int = 0
    byte_range: ByteRange | None = None
    program_date: datetime | None = None
    """The date of its first picture, if the playlist is to contain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of MP4 segments: a file, or a part of one."""

    name: str
    byte_range: ByteRange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandwidth:
    """The bits per second of a stream: its peak, and its average."""

    peak_bps: int
    average_bps: int

    def __add__(self, other: "Bandwidth") -> "Bandwidth":
        """Return the bandwidth of two streams that play together."""
        return Bandwidth(peak_bps=self.peak_bps + other.peak_bps, average_bps=self.average_bps + other.average_bps)


def parse_segments(ffmpeg_playlist: str) -> list[Segment]:
    """Return the segments of a media playlist that ffmpeg wrote, without their sizes."""
    return [Segment(name=name, duration_s=float(length)) for length, _, name in SEGMENT.findall(ffmpeg_playlist)]


def duration_ms(segments: Sequence[Segment]) -> int:
    """Return the total duration of segments."""
    return round(sum(segment.duration_s for segment in segments) * 1000)


def target_duration_s(segments: Sequence[Segment], *, is_rounded: bool = False) -> int:
    """Return a playlist's target duration: the next whole number above its longest segment.

    This is the mode LEGACY of TargetDurationCompatibilityMode, the one that MediaConvert's playlists show. The mode
    SPEC_COMPLIANT rounds instead.
    """
    longest_s = max((segment.duration_s for segment in segments), default=0.0)
    if is_rounded:
        return max(1, floor(longest_s + 0.5))
    return floor(longest_s + WHOLE_TOLERANCE_S) + 1


def measure_bandwidth(segments: Sequence[Segment]) -> Bandwidth:
    """Return the bandwidth of segments.

    The peak is the highest rate of neighbouring segments that together last between half and one and a half of the
    target duration (RFC 8216, section 4.3.4.2). A shorter stream has only its average.
    """
    total_s = sum(segment.duration_s for segment in segments)
    average_bps = ceil(8 * sum(segment.size_bytes for segment in segments) / total_s) if total_s > 0 else 1
    target_s = target_duration_s(segments)
    peak_bps = average_bps
    for first in range(len(segments)):
        length_s, size_bytes = 0.0, 0
        for segment in segments[first:]:
            length_s += segment.duration_s
            size_bytes += segment.size_bytes
            if length_s > target_s * 1.5:
                break
            if length_s >= target_s / 2:
                peak_bps = max(peak_bps, ceil(8 * size_bytes / length_s))
    return Bandwidth(peak_bps=peak_bps, average_bps=average_bps)
