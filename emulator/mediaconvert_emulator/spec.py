"""The parsed form of a job's settings, with the features that are emulated."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

from mediaconvert_emulator.captions import Style
from mediaconvert_emulator.input_spec import FIRST_TRACK, AudioSource, CaptionSource, InputSpec, Rectangle, Remix
from mediaconvert_emulator.stream_spec import (
    DEFAULT_LAYOUT,
    DEFAULT_PLAYLIST,
    DEFAULT_S3,
    AdditionalManifest,
    PlaylistOptions,
    ProgramDate,
    S3Options,
    SegmentLayout,
)

Scaling = Literal["DEFAULT", "STRETCH_TO_OUTPUT", "FIT", "FIT_NO_UPSCALE", "FILL"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCapture:
    """The pictures of a frame capture: at most `max_captures`, of which the first is the first of the video."""

    max_captures: int
    quality_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSpec:
    """The video of one output. It has either a quality or a bitrate, or is a frame capture."""

    encoder: Literal["libx264", "libx265", "libvpx", "libvpx-vp9", "mjpeg"]
    profile: str | None = None
    width_px: int | None
    height_px: int | None
    scaling: Scaling
    crop: Rectangle | None = None
    position: Rectangle | None = None
    frame_rate: Fraction | None
    """None means the input's frame rate."""
    gop_s: float | None = None
    """None means that the emulator chooses."""
    gop_frames: float | None = None
    """The group of pictures in frames, if the job specifies it so and no frame rate."""
    quality_crf: float | None = None
    bitrate_bps: int | None = None
    max_bitrate_bps: int | None = None
    encoder_options: tuple[str, ...] = ()
    """Further options of ffmpeg for this video stream."""
    capture: FrameCapture | None = None
    """The frame rate of a frame capture is that of its pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSpec:
    """One audio track of one output."""

    encoder: str
    bitrate_bps: int | None
    """None for a codec whose bitrate follows from other settings, or from the sound."""
    sample_rate_hz: int
    channels: int
    source: AudioSource = FIRST_TRACK
    remix: Remix | None = None
    """Is applied after the source's own."""
    language: str | None = None
    """The code that the job configures. After the input was read, the code that the output has."""
    is_language_configured: bool = False
    """True if the input's language doesn't count."""
    stream_name: str | None = None
    """The name that players show."""
    encoder_options: tuple[tuple[str, str], ...] = ()
    """Further options of ffmpeg for this track: names and values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionSpec:
    """The captions of one output, in WebVTT."""

    source: CaptionSource
    language: str | None
    description: str | None
    """The name that players show."""
    style: Style
    is_accessible: bool
    """True if the captions describe sounds, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """The format of an output's files: ffmpeg's name of it, the end of the files' names, and ffmpeg's options."""

    muxer: str
    extension: str
    options: tuple[str, ...] = ()
    is_dash: bool = False
    """True if the names may contain the format identifiers of DASH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSpec:
    """One output of a group: video, audio or both, or captions."""

    name_modifier: str
    segment_modifier: str
    container: str
    """The name of the file format in ffmpeg; it is mpegts for HLS."""
    container_options: tuple[str, ...] = ()
    """ffmpeg's options for this format."""
    extension: str
    video: VideoSpec | None
    audios: tuple[AudioSpec, ...]
    audio_group_id: str
    """The group of an audio-only output."""
    audio_rendition_sets: tuple[str, ...] = ()
    """The groups that play together with a video output; the master playlist has the output once for each."""
    caption: CaptionSpec | None = None
    is_alternate_audio: bool
    is_default_audio: bool
    is_autoselected_audio: bool = True
    is_video_description: bool = False
    """True for audio that describes the picture."""
    has_keyframe_playlist: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HlsEncryption:
    """AES-128 with a static key."""

    key: bytes = field(repr=False)
    url: str
    iv_hex: str | None
    """None means the segment's number."""
    is_iv_in_manifest: bool
    key_format: str | None = None
    key_format_versions: str | None = None
    is_session_key: bool = False
    """True if the main playlist has the key's tag, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedCaptions:
    """The embedded captions that the main playlist of HLS announces; `languages` are their channels, codes and names.

    Without languages it says that the videos have no such captions.
    """

    languages: tuple[tuple[int, str | None, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HlsGroup:
    """The outputs of one HLS stream."""

    destination: str
    segment_s: float
    is_segment_exact: bool
    encryption: HlsEncryption | None
    closed_captions: ClosedCaptions | None = None
    """None if the main playlist says nothing of them."""
    has_caption_segments_of_video: bool = False
    """False for captions in segments of 300 s."""
    outputs: tuple[OutputSpec, ...]
    playlist: PlaylistOptions = DEFAULT_PLAYLIST
    program_date: ProgramDate | None = None
    layout: SegmentLayout = DEFAULT_LAYOUT
    has_manifests: bool = True
    manifests: tuple[AdditionalManifest, ...] = ()
    s3: S3Options = DEFAULT_S3


@dataclass(frozen=True, slots=True, kw_only=True)
class FileGroup:
    """Outputs of which each is one file, or one series of pictures."""

    destination: str
    outputs: tuple[OutputSpec, ...]
    s3: S3Options = DEFAULT_S3


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentedGroup:
    """The outputs of one CMAF or DASH stream: fragmented MP4, with playlists of HLS, a manifest of DASH, or both."""

    kind: Literal["CMAF_GROUP", "DASH_ISO_GROUP"]
    destination: str
    segment_s: float
    is_segment_exact: bool
    fragment_s: float
    is_single_file: bool
    """True if each output is one file, of which the segments are parts."""
    has_hls: bool
    has_dash: bool
    has_segment_timeline: bool
    """In the DASH manifest."""
    is_on_demand: bool
    """True for DASH's on-demand profile."""
    min_buffer_s: float
    base_url: str | None
    """In the DASH manifest."""
    has_peak_bandwidth: bool = False
    """True if the DASH manifest has the peak bandwidth of each output, and not the average."""
    outputs: tuple[OutputSpec, ...]
    playlist: PlaylistOptions = DEFAULT_PLAYLIST
    manifests: tuple[AdditionalManifest, ...] = ()
    s3: S3Options = DEFAULT_S3


StreamGroup: TypeAlias = HlsGroup | SegmentedGroup
Group: TypeAlias = StreamGroup | FileGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """A job's input and output groups."""

    input: InputSpec
    groups: tuple[Group, ...]
