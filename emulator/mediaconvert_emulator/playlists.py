"""MediaConvert's playlists, written from the segments that ffmpeg made. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from mediaconvert_emulator.caption_tags import CaptionTags
from mediaconvert_emulator.naming import playlist_reference
from mediaconvert_emulator.spec import HlsEncryption

SEGMENT = re.compile(r"^#EXTINF:([\d.]+),.*\n((?:#.*\n)*)([^#\n].*)$", re.MULTILINE)
TS_VERSION, MP4_VERSION = 3, 6
VIDEO_DESCRIPTION = "public.accessibility.describes-video"
NO_CAPTIONS = CaptionTags()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One variant of a master playlist; without video it has no size and no rate."""

    playlist_name: str
    bandwidth: Bandwidth
    codecs: tuple[str, ...]
    size_px: tuple[int, int] | None
    frame_rate: Fraction | None
    audio_group_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternateAudio:
    """An audio-only rendition that plays together with the variants of its group id."""

    playlist_name: str
    group_id: str
    name: str
    language: str | None
    bandwidth: Bandwidth
    codecs: tuple[str, ...]
    is_default: bool
    is_autoselected: bool
    is_video_description: bool = False
    """True for audio that describes the picture."""


def parse_segments(ffmpeg_playlist: str) -> list[Segment]:
    """Return the segments of a media playlist that ffmpeg wrote, without their sizes."""
    return [Segment(name=name, duration_s=float(length)) for length, _, name in SEGMENT.findall(ffmpeg_playlist)]


def duration_ms(segments: Sequence[Segment]) -> int:
    """Return the total duration of segments."""
    return round(sum(segment.duration_s for segment in segments) * 1000)


def target_duration_s(segments: Sequence[Segment]) -> int:
    """Return a playlist's target duration: the next whole number above its longest segment.

    This is the mode LEGACY of TargetDurationCompatibilityMode, the one that MediaConvert's playlists show.
    """
    return max((floor(segment.duration_s + WHOLE_TOLERANCE_S) for segment in segments), default=0) + 1


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


def media_playlist(
    segments: Sequence[Segment],
    *,
    encryption: HlsEncryption | None,
    has_integer_durations: bool,
    version: int,
    header: Header | None = None,
    target_s: int | None = None,
) -> str:
    """Return the media playlist of segments; their names are those in S3.

    One key tag applies to all segments. Without an IV in the tag, the IV of each segment is its number (RFC 8216,
    section 5.2). A constant IV is in the tag, unless the job excludes it from the manifest.
    """
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{version}",
        f"#EXT-X-TARGETDURATION:{target_s or target_duration_s(segments)}",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]
    if encryption:
        lines.append(_key_tag(encryption))
    if header:
        byte_range = f',BYTERANGE="{header.byte_range}"' if header.byte_range else ""
        lines.append(f'#EXT-X-MAP:URI="{playlist_reference(header.name)}"{byte_range}')
    for segment in segments:
        lines.append(f"#EXTINF:{_extinf(segment.duration_s, is_integer=has_integer_durations)},")
        lines += [f"#EXT-X-BYTERANGE:{segment.byte_range}"] if segment.byte_range else []
        lines.append(playlist_reference(segment.name))
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def _extinf(length_s: float, *, is_integer: bool) -> str:
    """Return a duration as MediaConvert writes it: with three decimals, and whole numbers without any."""
    if is_integer:
        return str(max(1, floor(length_s + 0.5)))
    return str(round(length_s)) if abs(length_s - round(length_s)) < WHOLE_TOLERANCE_S else f"{length_s:.3f}"


def _key_tag(encryption: HlsEncryption) -> str:
    tag = f'#EXT-X-KEY:METHOD=AES-128,URI="{encryption.url}"'
    if encryption.iv_hex and encryption.is_iv_in_manifest:
        tag += f",IV=0x{encryption.iv_hex}"
    return tag


def master_playlist(
    variants: Sequence[Variant],
    alternates: Sequence[AlternateAudio],
    *,
    version: int,
    captions: CaptionTags = NO_CAPTIONS,
) -> str:
    """Return the master playlist of a group: the variants in the job's order, then the audio, then the captions."""
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{version}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for variant in variants:
        audios = [audio for audio in alternates if audio.group_id == variant.audio_group_id]
        lines += [
            f"#EXT-X-STREAM-INF:{','.join([*_stream_inf(variant, audios), *captions.attributes])}",
            playlist_reference(variant.playlist_name),
        ]
    for audio in alternates:
        language = [f'LANGUAGE="{audio.language}"'] if audio.language else []
        attributes = [
            "TYPE=AUDIO",
            f'GROUP-ID="{audio.group_id}"',
            *language,
            f'NAME="{audio.name}"',
            f"AUTOSELECT={_yes_no(is_yes=audio.is_autoselected or audio.is_default)}",
            f"DEFAULT={_yes_no(is_yes=audio.is_default)}",
            *([f'CHARACTERISTICS="{VIDEO_DESCRIPTION}"'] if audio.is_video_description else []),
            f'URI="{playlist_reference(audio.playlist_name)}"',
        ]
        lines.append(f"#EXT-X-MEDIA:{','.join(attributes)}")
    return "\n".join([*lines, *captions.lines]) + "\n"


def _stream_inf(variant: Variant, audios: Sequence[AlternateAudio]) -> list[str]:
    """Return a variant's attributes. With alternate audio they include the audio that needs the most bandwidth."""
    bandwidth, codecs = variant.bandwidth, list(variant.codecs)
    if audios:
        bandwidth += max((audio.bandwidth for audio in audios), key=lambda each: each.peak_bps)
        codecs += [codec for codec in dict.fromkeys(c for audio in audios for c in audio.codecs) if codec not in codecs]
    attributes = [f"BANDWIDTH={bandwidth.peak_bps}", f"AVERAGE-BANDWIDTH={bandwidth.average_bps}"]
    if variant.size_px:
        attributes.append("VIDEO-RANGE=SDR")
    attributes.append(f'CODECS="{",".join(codecs)}"')
    if variant.size_px:
        attributes.append(f"RESOLUTION={variant.size_px[0]}x{variant.size_px[1]}")
    if variant.frame_rate:
        attributes.append(f"FRAME-RATE={float(variant.frame_rate):.3f}")
    if audios:
        attributes.append(f'AUDIO="{variant.audio_group_id}"')
    return attributes


def _yes_no(*, is_yes: bool) -> str:
    return "YES" if is_yes else "NO"
