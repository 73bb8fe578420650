"""Turns ffmpeg's playlists into MediaConvert's: file names, key tags, one master playlist for each group. Pure."""

import re
from dataclasses import dataclass
from fractions import Fraction

from mediaconvert_emulator.naming import playlist_reference
from mediaconvert_emulator.spec import HlsEncryption

CODECS = re.compile(r'CODECS="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One variant of a master playlist. `stream_inf` contains the attributes that ffmpeg wrote for the stream."""

    playlist_name: str
    stream_inf: str
    frame_rate: Fraction | None
    audio_group_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternateAudio:
    """An audio-only rendition that plays together with the variants of its group id."""

    playlist_name: str
    group_id: str
    name: str
    stream_inf: str
    is_default: bool


def segment_names(playlist: str) -> list[str]:
    """Return the segment names of a media playlist, in order."""
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


def playlist_duration_ms(playlist: str) -> int:
    """Return the total duration of a media playlist's segments."""
    return round(sum(float(value) for value in re.findall(r"^#EXTINF:([\d.]+)", playlist, re.MULTILINE)) * 1000)


def media_playlist(ffmpeg_playlist: str, names: dict[str, str], encryption: HlsEncryption | None) -> str:
    """Return ffmpeg's media playlist with other segment names and one key tag.

    ffmpeg writes a key tag with an IV before each segment. If the IV is the segment's number, one tag without an IV has
    the same meaning (RFC 8216, section 5.2). A constant IV is in the tag, unless the job excludes it from the manifest.

    Args:
        ffmpeg_playlist: The media playlist that ffmpeg wrote.
        names: The new name of each segment, by the name that ffmpeg gave it.
        encryption: The group's encryption.
    """
    lines: list[str] = []
    has_key = False
    for line in ffmpeg_playlist.splitlines():
        if line.startswith("#EXT-X-KEY:"):
            if has_key or encryption is None:
                continue
            has_key = True
            lines.append(_key_tag(encryption))
        else:
            lines.append(playlist_reference(names[line]) if line in names else line)
    return "\n".join(lines) + "\n"


def _key_tag(encryption: HlsEncryption) -> str:
    tag = f'#EXT-X-KEY:METHOD=AES-128,URI="{encryption.url}"'
    if encryption.iv_hex and encryption.is_iv_in_manifest:
        tag += f",IV=0x{encryption.iv_hex}"
    return tag


def stream_inf_attributes(ffmpeg_master_playlist: str) -> str:
    """Return the attributes of the only stream in a master playlist that ffmpeg wrote for one output."""
    stream_inf = re.search(r"^#EXT-X-STREAM-INF:(.*)$", ffmpeg_master_playlist, re.MULTILINE)
    return stream_inf[1] if stream_inf else ""


def master_playlist(variants: list[Variant], alternates: list[AlternateAudio]) -> str:
    """Return the master playlist of a group; the variants are in the job's order."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    group_ids = {alternate.group_id for alternate in alternates}
    for alternate in alternates:
        default = "YES" if alternate.is_default else "NO"
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{alternate.group_id}",NAME="{alternate.name}",'
            f'DEFAULT={default},AUTOSELECT=YES,URI="{playlist_reference(alternate.playlist_name)}"'
        )
    for variant in variants:
        attributes = [variant.stream_inf]
        if variant.frame_rate:
            attributes.append(f"FRAME-RATE={float(variant.frame_rate):.3f}")
        if variant.audio_group_id in group_ids:
            audio = next(a for a in alternates if a.group_id == variant.audio_group_id)
            attributes[0] = _with_audio_codecs(variant.stream_inf, audio.stream_inf)
            attributes.append(f'AUDIO="{variant.audio_group_id}"')
        lines += [f"#EXT-X-STREAM-INF:{','.join(attributes)}", playlist_reference(variant.playlist_name)]
    return "\n".join(lines) + "\n"


def _with_audio_codecs(stream_inf: str, audio_stream_inf: str) -> str:
    """Return a variant's attributes, with the codecs of its alternate audio added to its own."""
    audio_codecs = CODECS.search(audio_stream_inf)
    return CODECS.sub(f'CODECS="\\1,{audio_codecs[1]}"', stream_inf) if audio_codecs else stream_inf
