"""MediaConvert's media playlists, and its playlists of keyframes, written from the segments that ffmpeg made. Pure."""

from collections.abc import Sequence
from math import floor
from urllib.parse import quote

from mediaconvert_emulator.naming import playlist_reference
from mediaconvert_emulator.segments import WHOLE_TOLERANCE_S, Header, Segment, target_duration_s
from mediaconvert_emulator.spec import HlsEncryption
from mediaconvert_emulator.stream_spec import PlaylistOptions

TS_VERSION, RANGES_VERSION, KEY_FORMAT_VERSION, MP4_VERSION = 3, 4, 5, 6


def media_playlist(
    segments: Sequence[Segment],
    options: PlaylistOptions,
    *,
    version: int,
    encryption: HlsEncryption | None = None,
    header: Header | None = None,
    is_of_keyframes: bool = False,
) -> str:
    """Return the media playlist of segments; their names are those in S3.

    One key tag applies to all segments. Without an IV in the tag, the IV of each segment is its number (RFC 8216,
    section 5.2). A constant IV is in the tag, unless the job excludes it from the manifest.
    """
    target_s = options.target_s or target_duration_s(segments, is_rounded=options.is_target_rounded)
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{version}",
        f"#EXT-X-TARGETDURATION:{target_s}",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]
    lines += [] if options.is_cacheable else ["#EXT-X-ALLOW-CACHE:no"]
    lines += ["#EXT-X-I-FRAMES-ONLY"] if is_of_keyframes else []
    lines += [f"#EXT-X-KEY:{key_attributes(encryption)}"] if encryption else []
    if header:
        byte_range = f',BYTERANGE="{header.byte_range}"' if header.byte_range else ""
        lines.append(f'#EXT-X-MAP:URI="{reference(header.name, options)}"{byte_range}')
    for segment in segments:
        if segment.program_date:
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{segment.program_date.isoformat(timespec='milliseconds')}Z")
        lines.append(f"#EXTINF:{_extinf(segment.duration_s, is_integer=options.has_integer_durations)},")
        lines += [f"#EXT-X-BYTERANGE:{segment.byte_range}"] if segment.byte_range else []
        lines.append(reference(segment.name, options))
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def reference(name: str, options: PlaylistOptions) -> str:
    """Return a file name as a playlist with these options refers to it."""
    return f"{options.base_url}{quote(name)}" if options.base_url else playlist_reference(name)


def key_attributes(encryption: HlsEncryption) -> str:
    """Return the attributes of a key tag."""
    text = f'METHOD=AES-128,URI="{encryption.url}"'
    if encryption.iv_hex and encryption.is_iv_in_manifest:
        text += f",IV=0x{encryption.iv_hex}"
    if encryption.key_format:
        text += f',KEYFORMAT="{encryption.key_format}"'
    if encryption.key_format_versions:
        text += f',KEYFORMATVERSIONS="{encryption.key_format_versions}"'
    return text


def _extinf(length_s: float, *, is_integer: bool) -> str:
    """Return a duration as MediaConvert writes it: with three decimals, and whole numbers without any."""
    if is_integer:
        return str(max(1, floor(length_s + 0.5)))
    return str(round(length_s)) if abs(length_s - round(length_s)) < WHOLE_TOLERANCE_S else f"{length_s:.3f}"
