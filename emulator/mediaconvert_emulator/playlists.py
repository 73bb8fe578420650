"""Turns ffmpeg's playlists into MediaConvert's: its names, its key tags, one master playlist for a group."""

import re
from dataclasses import dataclass
from fractions import Fraction

from mediaconvert_emulator.naming import playlist_reference
from mediaconvert_emulator.spec import HlsEncryption

CODECS = re.compile(r'CODECS="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One line of a master playlist. `stream_inf` holds ffmpeg's measured attributes of the stream."""

    playlist_name: str
    stream_inf: str
    frame_rate: Fraction | None
    audio_group_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternateAudio:
    """An audio-only rendition that variants play with."""

    playlist_name: str
    group_id: str
    name: str
    stream_inf: str
    is_default: bool


def segment_names(playlist: str) -> list[str]:
    """The segments that a media playlist names, in order."""
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


def duration_ms(playlist: str) -> int:
    """Milliseconds that a media playlist's segments last together."""
    return round(sum(float(value) for value in re.findall(r"^#EXTINF:([\d.]+)", playlist, re.MULTILINE)) * 1000)


def publish_media_playlist(playlist: str, names: dict[str, str], encryption: HlsEncryption | None) -> str:
    """A media playlist with its segments renamed and one key tag.

    ffmpeg repeats the key with each segment's IV. Where the IV is the segment's number (RFC 8216, section 5.2), one
    tag without it says the same; a constant IV is kept, unless the job excludes it from the manifest.
    """
    lines: list[str] = []
    has_key = False
    for line in playlist.splitlines():
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


def stream_inf_of(master_playlist: str) -> str:
    """The attributes of the one stream in a master playlist that ffmpeg wrote for one output."""
    found = re.search(r"^#EXT-X-STREAM-INF:(.*)$", master_playlist, re.MULTILINE)
    return found[1] if found else ""


def _with_codecs_of(stream_inf: str, audio_stream_inf: str) -> str:
    """A variant's attributes, its codecs together with those of the audio that it plays with."""
    audio = CODECS.search(audio_stream_inf)
    return CODECS.sub(f'CODECS="\\1,{audio[1]}"', stream_inf) if audio else stream_inf


def compose_master(variants: list[Variant], alternates: list[AlternateAudio]) -> str:
    """The master playlist of a group, variants in the job's order."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    groups = {alternate.group_id for alternate in alternates}
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
        if variant.audio_group_id in groups:
            companion = next(a for a in alternates if a.group_id == variant.audio_group_id)
            attributes[0] = _with_codecs_of(variant.stream_inf, companion.stream_inf)
            attributes.append(f'AUDIO="{variant.audio_group_id}"')
        lines += [f"#EXT-X-STREAM-INF:{','.join(attributes)}", playlist_reference(variant.playlist_name)]
    return "\n".join(lines) + "\n"
