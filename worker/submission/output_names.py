"""Names of what a job writes: its folder, its files' base name, its key file.

Pure. An input file's name comes from anyone who can put an object into the bucket, so nothing here may break on it:
not a playlist's URIs, not S3's 1,024 bytes for a key.
"""

import re
from datetime import datetime
from urllib.parse import quote

LONGEST_BASE_BYTES = 180
"""Of a base name, so that a segment's name and the folder before it fit one key."""
LONGEST_FOLDER_BYTES = 700

_UNSAFE_IN_PLAYLIST = re.compile(r'[#?%:"\\\x00-\x1f\x7f]')
"""Characters that end or change a relative URI (`Talk: one.m3u8` has a scheme), or an attribute's quoted text."""
_VARIABLE = "$"
"""MediaConvert replaces `$dt$` and the like in a destination, which would lead its outputs away from the key file.
https://docs.aws.amazon.com/mediaconvert/latest/ug/using-variables-in-your-job-settings.html
"""
_DOT_SEGMENT = re.compile(r"(?<![^/])\.{1,2}(?=/)")
"""`.` and `..` as whole folders, which browsers resolve before they ask."""


def output_path(input_file: str, *, made_at: datetime, token: str) -> str:
    """Return the job's folder in the output bucket: no two jobs share one, even of the same file and second.

    `token` is 6 hexadecimal digits, fresh for each job.

    >>> from datetime import UTC
    >>> output_path("uploads/1f/cat.mp4", made_at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC), token="0a1b2c")
    'uploads/1f/cat.mp4_20261122083000-0a1b2c/'
    """
    folder = _DOT_SEGMENT.sub("_", input_file.replace(_VARIABLE, "_"))
    return f"{_shorten(folder, LONGEST_FOLDER_BYTES)}_{made_at:%Y%m%d%H%M%S}-{token}/"


def base_name(input_file: str) -> str:
    """Return the name that playlists, segments and the key file begin with: the input's, without its suffix.

    >>> base_name("uploads/1f/Big Buck Bunny.mp4")
    'Big Buck Bunny'
    """
    name = input_file.rstrip("/").rsplit("/", 1)[-1]
    stem = name.rpartition(".")[0] or name
    safe = _UNSAFE_IN_PLAYLIST.sub("_", stem).replace(_VARIABLE, "_")
    return _shorten(safe, LONGEST_BASE_BYTES).strip(" .") or "video"


def key_file(input_file: str) -> str:
    """Return the name of the file with the 16 bytes of the key, beside the playlists."""
    return f"{base_name(input_file)}.key"


def key_uri(key_file_name: str) -> str:
    """Return what a playlist says of the key file: a relative reference, percent-encoded."""
    return quote(key_file_name)


def _shorten(text: str, longest_bytes: int) -> str:
    return text.encode()[:longest_bytes].decode(errors="ignore")
