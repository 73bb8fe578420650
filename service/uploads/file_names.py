"""Keys for uploads, derived from any file name.

Pure. The names contain only ASCII letters, digits, ".", "_" and "-", so that no later encoding (events, s3:// URIs,
playlists, URLs) can change the key.
"""

import re
import secrets
import unicodedata

MAX_STEM_CHARS = 100
MAX_SUFFIX_CHARS = 10

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DOTS = re.compile(r"\.{2,}")


def safe_name(file_name: str) -> str:
    """Return the file's name in a form that is safe in a key: never empty, without leading dots, with its suffix.

    >>> safe_name("Ünïcode & spaces.MP4")
    'Unicode-spaces.MP4'
    >>> safe_name("../../ビデオ.mov")
    'video.mov'
    """
    name = re.split(r"[/\\]", file_name)[-1]
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem:
        stem, suffix = name, ""
    suffix = _ascii(suffix)[:MAX_SUFFIX_CHARS].strip("-._")
    stem = _ascii(stem)[:MAX_STEM_CHARS].strip("-._") or "video"
    return f"{stem}.{suffix}" if suffix else stem


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _DOTS.sub(".", _UNSAFE.sub("-", plain)).strip("-._")


def input_file(prefix: str, upload_id: str, file_name: str) -> str:
    """Return the key of an upload in the input bucket."""
    return f"{prefix}{upload_id}/{safe_name(file_name)}"


def new_input_file(prefix: str, file_name: str) -> str:
    """Return a new, unguessable key for an upload."""
    return input_file(prefix, secrets.token_hex(16), file_name)
