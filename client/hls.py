"""Reads just enough of HLS playlists to fetch the beginning of a video and play it from a folder. Pure.

https://datatracker.ietf.org/doc/html/rfc8216
"""

import re
from dataclasses import dataclass
from itertools import pairwise

_URI = re.compile(r'URI="([^"]*)"')


class PlaylistError(ValueError):
    """The text is not the playlist that it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The beginning of a media playlist, its files renamed so that they can lie beside it."""

    playlist: str
    key_uris: dict[str, str]
    """Local name of each key to its URI in the original."""
    segment_uris: dict[str, str]
    """Local name of each segment (and initialization section) to its URI in the original."""


def variants(master: str) -> list[str]:
    """The URIs of a master playlist's variants, in its order.

    Raises:
        PlaylistError: it is no master playlist, or has none.
    """
    lines = _lines(master)
    after_stream = [following for line, following in pairwise(lines) if _is_stream(line)]
    uris = [line for line in after_stream if not line.startswith("#")]
    if not uris:
        raise PlaylistError("the master playlist names no variant")
    return uris


def excerpt(media: str, *, segments: int) -> Excerpt:
    """The first segments of a media playlist, as a playlist that ends after them.

    Raises:
        PlaylistError: it is no media playlist, or has no segments.
    """
    kept: list[str] = []
    key_uris: dict[str, str] = {}
    segment_uris: dict[str, str] = {}
    count = 0
    for line in _lines(media):
        if line.startswith("#EXT-X-ENDLIST") or count == segments:
            break
        if line.startswith("#EXT-X-KEY"):
            kept.append(_renamed(line, f"{len(key_uris)}.key", key_uris))
        elif line.startswith("#EXT-X-MAP"):
            kept.append(_renamed(line, f"map-{len(segment_uris)}", segment_uris))
        elif line.startswith("#"):
            kept.append(line)
        else:
            kept.append(f"{count}.segment")
            segment_uris[kept[-1]] = line
            count += 1
    if not count:
        raise PlaylistError("the media playlist has no segments")
    return Excerpt(playlist="\n".join([*kept, "#EXT-X-ENDLIST", ""]), key_uris=key_uris, segment_uris=segment_uris)


def _lines(playlist: str) -> list[str]:
    lines = [line.strip() for line in playlist.splitlines() if line.strip()]
    if not lines or lines[0] != "#EXTM3U":
        raise PlaylistError("it does not begin with #EXTM3U")
    return lines


def _is_stream(line: str) -> bool:
    return line.startswith("#EXT-X-STREAM-INF:")


def _renamed(line: str, name: str, uris: dict[str, str]) -> str:
    found = _URI.search(line)
    if found is None:  # METHOD=NONE
        return line
    uris[name] = found.group(1)
    return line.replace(found.group(0), f'URI="{name}"')
