"""The keys by which a caller's uploads are listed. Pure."""

import hashlib

UPLOADS_INDEX = "UploadsByCaller"
OPEN_STAGE = "OPEN"
"""The stage of a file from its object to the end of its newest job."""

_ID_DIGITS = 16


def listed_for(owner: str | None) -> str:
    """Return the partition of a caller's uploads in the index; uploads without an owner have one of their own.

    >>> listed_for("ada"), listed_for(None)
    ('caller:ada', 'open')
    """
    return "open" if owner is None else f"caller:{owner}"


def listed_at(input_file: str, *, created_ms: int) -> str:
    """Return the place of a file among the uploads of its caller: a later one is greater as a text.

    Files of one millisecond are in no particular order, which stays the same. No two files have the same place.

    >>> listed_at("uploads/6f1c/a.mp4", created_ms=1763798400123)
    '1763798400123-29fe6e4fa0706d86'
    """
    return f"{created_ms:013d}-{hashlib.sha256(input_file.encode()).hexdigest()[:_ID_DIGITS]}"


def first_place_after(created_s: int) -> str:
    """Return a text that is greater than the places of all uploads up to this second.

    >>> listed_at("a", created_ms=5999) < first_place_after(5) < listed_at("a", created_ms=6000)
    True
    """
    return f"{created_s:010d}999-~"
