"""The captions in the main playlist of HLS. Pure.

MediaConvert's lines for subtitles are not published, so this is RFC 8216's form, in the order of MediaConvert's audio.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mediaconvert_emulator.media_playlist import reference
from mediaconvert_emulator.spec import CaptionSpec, ClosedCaptions
from mediaconvert_emulator.stream_spec import PlaylistOptions

SUBTITLES_GROUP, CLOSED_CAPTIONS_GROUP = "subs", "cc"
ACCESSIBILITY = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionTags:
    """The lines of captions, and the attributes that each variant has because of them."""

    lines: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


def caption_tags(
    subtitles: Sequence[tuple[str, CaptionSpec]], closed: ClosedCaptions | None, options: PlaylistOptions
) -> CaptionTags:
    """Return the tags of a main playlist.

    Args:
        subtitles: The names of the captions' playlists, and the captions. As on AWS, the first one is the default.
        closed: The embedded captions that the job announces.
        options: The form of the playlist.
    """
    lines = [
        _subtitles(name, caption, options, is_default=index == 0) for index, (name, caption) in enumerate(subtitles)
    ]
    attributes = [f'SUBTITLES="{SUBTITLES_GROUP}"'] if subtitles else []
    if closed:
        lines += [_closed_captions(*language, is_default=i == 0) for i, language in enumerate(closed.languages)]
        attributes.append(f'CLOSED-CAPTIONS="{CLOSED_CAPTIONS_GROUP}"' if closed.languages else "CLOSED-CAPTIONS=NONE")
    return CaptionTags(lines=tuple(lines), attributes=tuple(attributes))


def _subtitles(playlist_name: str, caption: CaptionSpec, options: PlaylistOptions, *, is_default: bool) -> str:
    is_selected = is_default or caption.is_accessible
    attributes = [
        "TYPE=SUBTITLES",
        f'GROUP-ID="{SUBTITLES_GROUP}"',
        *([f'LANGUAGE="{caption.language}"'] if caption.language else []),
        f'NAME="{caption.description or caption.language or playlist_name.removesuffix(".m3u8")}"',
        f"AUTOSELECT={'YES' if is_selected else 'NO'}",
        f"DEFAULT={'YES' if is_default else 'NO'}",
        "FORCED=NO",
        *([f'CHARACTERISTICS="{ACCESSIBILITY}"'] if caption.is_accessible else []),
        f'URI="{reference(playlist_name, options)}"',
    ]
    return f"#EXT-X-MEDIA:{','.join(attributes)}"


def _closed_captions(channel: int, language: str | None, name: str, *, is_default: bool) -> str:
    attributes = [
        "TYPE=CLOSED-CAPTIONS",
        f'GROUP-ID="{CLOSED_CAPTIONS_GROUP}"',
        *([f'LANGUAGE="{language}"'] if language else []),
        f'NAME="{name}"',
        "AUTOSELECT=YES",
        f"DEFAULT={'YES' if is_default else 'NO'}",
        f'INSTREAM-ID="CC{channel}"',
    ]
    return f"#EXT-X-MEDIA:{','.join(attributes)}"
