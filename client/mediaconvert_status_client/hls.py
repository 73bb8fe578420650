"""Reads HLS playlists, to fetch the beginning of a video and play it from a local folder. Pure.

https://datatracker.ietf.org/doc/html/rfc8216
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import m3u8  # type: ignore[import-untyped]


class PlaylistError(ValueError):
    """The text is not a playlist of the expected kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The beginning of a media playlist, with the files renamed so that all fit in the playlist's folder."""

    playlist: str
    key_uris: dict[str, str]
    """The original URI of each key, by local file name."""
    segment_uris: dict[str, str]
    """The original URI of each segment and initialization section, by local file name."""


def variants(master: str) -> list[str]:
    """Return the URIs of a master playlist's variants, in the playlist's order.

    Raises:
        PlaylistError: the text is not a master playlist, or has no variants.
    """
    uris = [variant.uri for variant in _parse(master).playlists]
    if not uris:
        raise PlaylistError("the master playlist has no variants")
    return uris


def excerpt(media: str, *, segments: int) -> Excerpt:
    """Return the first segments of a media playlist as a playlist that ends after them.

    Raises:
        PlaylistError: the text is not a media playlist, or has no segments.
    """
    playlist = _parse(media)
    del playlist.segments[segments:]
    if not playlist.segments:
        raise PlaylistError("the media playlist has no segments")
    key_uris = _rename((segment.key for segment in playlist.segments), "{}.key")
    section_uris = _rename((segment.init_section for segment in playlist.segments), "map-{}")
    segment_uris = section_uris | _rename(playlist.segments, "{}.segment")
    playlist.is_endlist = True
    return Excerpt(playlist=playlist.dumps(), key_uris=key_uris, segment_uris=segment_uris)


def _parse(playlist: str) -> "m3u8.M3U8":
    if not playlist.lstrip().startswith("#EXTM3U"):  # m3u8 accepts any text
        raise PlaylistError("it does not begin with #EXTM3U")
    try:
        return m3u8.loads(playlist)
    except (LookupError, TypeError, ValueError) as error:  # m3u8's errors for malformed tags
        raise PlaylistError(f"it can't be parsed: {error}") from error


def _rename(parts: Iterable[Any], pattern: str) -> dict[str, str]:
    """Give each key, section or segment a local file name, and return the original URIs by that name.

    A segment without a key has None instead of one, or a key without a URI; several segments share one key object.
    """
    names: dict[str, str] = {}
    for part in {id(part): part for part in parts if part and part.uri}.values():
        part.uri = names.setdefault(part.uri, pattern.format(len(names)))
    return {name: uri for uri, name in names.items()}
