"""The names of a job's outputs: the folder, the base name of its files, the key file.

Pure. Anyone who can write to the input bucket chooses an input file's name. No name may break a playlist's URIs or
exceed S3's limit of 1,024 bytes for a key.
"""

import re
from datetime import datetime
from urllib.parse import quote

MAX_BASE_NAME_BYTES = 180
"""The limit of a base name, so that the folder and a segment's name fit into one key."""
MAX_FOLDER_BYTES = 700


_UNSAFE_IN_PLAYLIST = re.compile(r'[#?%:"\\\x00-\x1f\x7f]')
"""Characters that end or change a relative URI (`Talk: one.m3u8` has a scheme), or a quoted text in a playlist."""
_VARIABLE = "$"
"""MediaConvert replaces variables such as `$dt$` in a destination; the outputs would then be apart from the key file.
https://docs.aws.amazon.com/mediaconvert/latest/ug/using-variables-in-your-job-settings.html
"""
_DOT_SEGMENT = re.compile(r"(?<![^/])\.{1,2}(?=/)")
"""`.` and `..` as whole folders, which browsers resolve before they send a request."""


def output_path(input_file: str, *, created_at: datetime, token: str) -> str:
    """Return the job's folder in the output bucket. No two jobs share a folder, even in the same second.

    `token` is 6 hexadecimal digits, random for each job.

    >>> from datetime import UTC
    >>> output_path("uploads/1f/cat.mp4", created_at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC), token="0a1b2c")
    'uploads/1f/cat.mp4_20261122083000-0a1b2c/'
    """
    folder = _DOT_SEGMENT.sub("_", input_file.replace(_VARIABLE, "_"))
    return f"{_shorten(folder, MAX_FOLDER_BYTES)}_{created_at:%Y%m%d%H%M%S}-{token}/"


def base_name(input_file: str) -> str:
    """Return the first part of the names of playlists, segments and the key file: the input's name without its suffix.

    >>> base_name("uploads/1f/Big Buck Bunny.mp4")
    'Big Buck Bunny'
    """
    name = input_file.rstrip("/").rsplit("/", 1)[-1]
    stem = name.rpartition(".")[0] or name
    safe = _UNSAFE_IN_PLAYLIST.sub("_", stem).replace(_VARIABLE, "_")
    return _shorten(safe, MAX_BASE_NAME_BYTES).strip(" .") or "video"


def key_file(input_file: str) -> str:
    """Return the name of the key file, which is beside the playlists."""
    return f"{base_name(input_file)}.key"


def key_uri(key_file_name: str) -> str:
    """Return the key file's URI for a playlist: relative and percent-encoded."""
    return quote(key_file_name)


def _shorten(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode(errors="ignore")
