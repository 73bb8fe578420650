"""Keys for uploads, made of any file name there is.

Pure. ASCII letters, digits, ".", "_" and "-" only, so that no encoding on the way (events, s3:// addresses,
playlists, URLs) can turn the key into another.
"""

import re
import secrets
import unicodedata

LONGEST_STEM = 100
LONGEST_SUFFIX = 10

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DOTS = re.compile(r"\.{2,}")


def safe_name(file_name: str) -> str:
    """Return the file's name as it may stand in a key: never empty, without leading dots, its suffix kept.

    >>> safe_name("Ünïcode & spaces.MP4")
    'Unicode-spaces.MP4'
    >>> safe_name("../../ビデオ.mov")
    'video.mov'
    """
    name = re.split(r"[/\\]", file_name)[-1]
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem:
        stem, suffix = name, ""
    suffix = _ascii(suffix)[:LONGEST_SUFFIX]
    stem = _ascii(stem)[:LONGEST_STEM].strip("-._") or "video"
    return f"{stem}.{suffix}" if suffix else stem


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _DOTS.sub(".", _UNSAFE.sub("-", plain)).strip("-._")


def input_file(prefix: str, upload_id: str, file_name: str) -> str:
    """Return the key of an upload in the input bucket."""
    return f"{prefix}{upload_id}/{safe_name(file_name)}"


def new_input_file(prefix: str, file_name: str) -> str:
    """Return a key that nobody has and nobody can guess, for a new upload."""
    return input_file(prefix, secrets.token_hex(16), file_name)
