"""What playback decides about a request, before and after the bucket is asked. Pure."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Any

CONTENT_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".ts": "video/mp2t",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".vtt": "text/vtt",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".key": "application/octet-stream",
}

_ONE_RANGE = re.compile(r"bytes=(\d+-\d*|-\d+)")


def content_type(key: str, stored: str | None) -> str:
    """The media type by the key's suffix, or the one it was stored with."""
    return CONTENT_TYPES.get(PurePosixPath(key).suffix.lower(), stored or "application/octet-stream")


def cache_control(key: str) -> str:
    """How long a player may keep it: a job writes to a path of its own, once; a key is never kept."""
    return "no-store" if key.endswith(".key") else "public, max-age=3600"


def is_servable(key: str) -> bool:
    """Whether the path can name an object.

    Not the root or a folder, which would ask for a listing, and no dot segments, which some HTTP client or server on
    the way to the bucket might resolve, and so leave it.
    """
    return bool(key) and not key.endswith("/") and not {".", ".."} & set(key.split("/"))


def conditions(headers: Mapping[str, str]) -> dict[str, Any]:
    """The request's range and conditions as arguments of GetObject.

    An If-Range becomes a condition that fails (412) when the object has changed; the whole of it is sent then. More
    than one range, another unit, or a header that can't be read is as if it were not there (RFC 9110, 13.1 and 14.2).
    """
    arguments: dict[str, Any] = {}
    if etag := headers.get("if-none-match"):
        arguments["IfNoneMatch"] = etag
    elif since := _date(headers.get("if-modified-since")):
        arguments["IfModifiedSince"] = since
    if _ONE_RANGE.fullmatch(wanted := headers.get("range", "")):
        arguments |= {"Range": wanted, **_if_range(headers.get("if-range"))}
    return arguments


def unconditional(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The same without range and If-Range, to send the whole of a changed object."""
    return {name: value for name, value in arguments.items() if name not in {"Range", "IfMatch", "IfUnmodifiedSince"}}


def _if_range(header: str | None) -> dict[str, Any]:
    if header is None:
        return {}
    if date := _date(header):
        return {"IfUnmodifiedSince": date}
    return {"IfMatch": header}


def _date(header: str | None) -> Any:  # noqa: ANN401  a datetime, as botocore's untyped arguments take it
    try:
        return parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
