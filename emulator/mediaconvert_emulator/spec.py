"""What a job asks for, as far as this emulator does it: the parsed form of a job's settings."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

Scaling = Literal["DEFAULT", "STRETCH_TO_OUTPUT", "FIT", "FIT_NO_UPSCALE", "FILL"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """The one input: where it is, and how to read it."""

    uri: str
    rotate: Literal["AUTO", "DEGREE_0", "DEGREES_90", "DEGREES_180", "DEGREES_270"]
    audio_tracks: dict[str, int]
    """Zero-based index of the audio stream, by the selector's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSpec:
    """The video of one output. Without a quality it has a bitrate."""

    encoder: Literal["libx264", "libx265"]
    profile: str | None
    width_px: int | None
    height_px: int | None
    scaling: Scaling
    frame_rate: Fraction | None
    """None follows the input."""
    gop_s: float | None
    """None leaves it to the emulator."""
    quality_crf: float | None
    bitrate_bps: int | None
    max_bitrate_bps: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSpec:
    """One audio track of one output."""

    encoder: str
    bitrate_bps: int
    sample_rate_hz: int
    channels: int
    track_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSpec:
    """One output of a group: video, audio or both."""

    name_modifier: str
    segment_modifier: str
    container: str
    """ffmpeg's name of a file's format; of HLS it is mpegts."""
    extension: str
    video: VideoSpec | None
    audios: tuple[AudioSpec, ...]
    audio_group_id: str
    """The group that an audio-only output is in, and that a video output plays with."""
    is_alternate_audio: bool
    is_default_audio: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HlsEncryption:
    """AES-128 with a static key."""

    key: bytes = field(repr=False)
    url: str
    iv_hex: str | None
    """None follows the segment's number."""
    is_iv_in_manifest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HlsGroup:
    """Outputs that make up one HLS stream."""

    destination: str
    segment_s: float
    is_segment_exact: bool
    has_integer_durations: bool
    encryption: HlsEncryption | None
    outputs: tuple[OutputSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileGroup:
    """Outputs that are a file each."""

    destination: str
    outputs: tuple[OutputSpec, ...]


Group: TypeAlias = HlsGroup | FileGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """All that a job asks for."""

    input: InputSpec
    groups: tuple[Group, ...]
