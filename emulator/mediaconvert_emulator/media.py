"""The properties of an input file, as the probe finds them."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream:
    """The stored video of an input; a player turns it clockwise by `rotation_degrees`."""

    stream_id: int
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStream:
    """One audio stream of an input."""

    stream_id: int
    codec: str
    channels: int
    sample_rate_hz: int
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """An input: its container, its first video stream and its audio streams."""

    container: str
    duration_s: float | None
    """None if the container has no duration, as in a browser's recording."""
    video: VideoStream | None
    audios: tuple[AudioStream, ...]
