"""Maps playback requests to S3 arguments, and S3 responses to headers. Pure."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Any

from transcode.guarded_files import GUARDED_FOLDER

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
    """Return the media type for the key's suffix, or the stored one if the suffix is unknown."""
    return CONTENT_TYPES.get(PurePosixPath(key).suffix.lower(), stored or "application/octet-stream")


def cache_control(key: str) -> str:
    """Return the Cache-Control header: objects never change, as each job has its own path.

    Keys are never cached, and guarded files only by their reader.
    """
    if key.endswith(".key"):
        return "no-store"
    return "private, max-age=3600" if GUARDED_FOLDER in key else "public, max-age=3600"


def is_servable(key: str) -> bool:
    """Return whether the path can name an object.

    The root and folders are refused, because S3 would list them. Dot segments are refused, because an HTTP client or
    server on the way to the bucket might resolve them and so leave the bucket.
    """
    return bool(key) and not key.endswith("/") and not {".", ".."} & set(key.split("/"))


def conditions(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the request's range and conditions as arguments of GetObject.

    If-Range becomes a condition that fails (412) when the object has changed; playback then sends the whole object.
    Several ranges, another unit, and a header that can't be parsed are ignored (RFC 9110, 13.1 and 14.2).
    """
    arguments: dict[str, Any] = {}
    if etag := headers.get("if-none-match"):
        arguments["IfNoneMatch"] = etag
    elif since := _date(headers.get("if-modified-since")):
        arguments["IfModifiedSince"] = since
    if _ONE_RANGE.fullmatch(byte_range := headers.get("range", "")):
        arguments |= {"Range": byte_range, **_if_range(headers.get("if-range"))}
    return arguments


def unconditional(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments without range and If-Range, to send the whole of a changed object."""
    return {name: value for name, value in arguments.items() if name not in {"Range", "IfMatch", "IfUnmodifiedSince"}}


def _if_range(header: str | None) -> dict[str, Any]:
    if header is None:
        return {}
    if date := _date(header):
        return {"IfUnmodifiedSince": date}
    return {"IfMatch": header}


def _date(header: str | None) -> Any:  # noqa: ANN401  a datetime, for botocore's untyped arguments
    try:
        return parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
