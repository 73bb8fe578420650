"""What an input is, once it has been looked at."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream:
    """An input's video, as it is stored; `rotation_degrees` is how far a player turns it clockwise."""

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
    """An input's audio."""

    stream_id: int
    codec: str
    channels: int
    sample_rate_hz: int
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """An input: its container, its first video and its audio streams."""

    container: str
    duration_s: float | None
    """None where the container doesn't tell, as in a browser's recording."""
    video: VideoStream | None
    audios: tuple[AudioStream, ...]
