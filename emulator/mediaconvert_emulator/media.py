"""The properties of an input file, as the probe finds them."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Literal

DynamicRange = Literal["SDR", "PQ", "HLG"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRange:
    """The part of an input in which a track has packets, in seconds from the input's start."""

    start_s: float
    end_s: float


class TrackFault(StrEnum):
    """The reason why a track can't be used."""

    EMPTY = "EMPTY"
    CODEC_UNSUPPORTED = "CODEC_UNSUPPORTED"
    UNDECODABLE = "UNDECODABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream:
    """The stored video of an input; a player turns it clockwise by `rotation_degrees`."""

    stream_id: int
    """The number of the track in the file, from 1; tracks of all kinds count."""
    codec: str
    four_cc: str
    width_px: int
    height_px: int
    pixel_aspect: Fraction
    rotation_degrees: int
    frame_rate: Fraction
    bit_depth: int
    color_format: str
    is_interlaced: bool
    dynamic_range: DynamicRange = "SDR"
    has_wide_gamut: bool = False
    """True if the colours are BT.2020's."""
    range: TrackRange | None = None
    """None if it is unknown."""
    timecode: str | None = None
    """The timecode of the first picture, if the file contains it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStream:
    """One audio stream of an input."""

    stream_id: int
    codec: str
    channels: int
    sample_rate_hz: int
    language: str
    fault: TrackFault | None = None
    range: TrackRange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableVideo:
    """A video stream that can't be used."""

    stream_id: int
    codec: str
    fault: TrackFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """An input: its container, its first usable video stream and all audio streams."""

    container: str
    duration_s: float | None
    """The end of the track that ends last, from the start of the input; None if no packet has a time."""
    video: VideoStream | None
    audios: tuple[AudioStream, ...]
    unusable_videos: tuple[UnusableVideo, ...] = ()
    is_truncated: bool = False
    """True if the index of the file names packets after the end of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputMedia:
    """A file or a stream of segments that ffmpeg wrote."""

    codecs: tuple[str, ...]
    """The codec strings of playlists, in the order of the streams."""
    duration_s: float | None
    video_start_s: float = 0.0
    """The timestamp of the first picture."""
