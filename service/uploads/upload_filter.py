"""Which uploads a caller wants to list, and the cursor of a list. Pure.

A cursor contains the place of the last upload that the caller has, so it stays valid when uploads are added or deleted.
It also contains a digest of its list: the caller and the filters. It grants nothing, because a request reads only the
uploads of its own caller; the digest makes a wrong cursor an error instead of a wrong page.
"""

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from transcode.job import Job, Status
from transcode.job_view import JobStatus, status_without_job
from transcode.listing import OPEN_STAGE, listed_for
from transcode.lookup import Lookup

_PLACE = re.compile(r"[0-9]{13}-[0-9a-f]{16}")
_DIGEST_BYTES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadFilter:
    """The wanted uploads: those with all given values. `created_after_s` is Unix seconds."""

    status: JobStatus | None = None
    external_id: str | None = None
    created_after_s: int | None = None

    @property
    def stages(self) -> Collection[str | None] | None:
        """The stages that an upload with the wanted status may have in the index; None for all.

        The stage may still be OPEN when the job is over: the worker writes it after the status.
        """
        return None if self.status is None else STAGES[self.status]

    def matches(self, lookup: Lookup | None, job: Job | None) -> bool:
        """Return whether the file with these rows is wanted. The time is left to the index."""
        if self.external_id is not None and (lookup is None or lookup.external_id != self.external_id):
            return False
        return self.status is None or self.status is _status(lookup, job)


STAGES: Mapping[JobStatus, Collection[str | None]] = {
    JobStatus.AWAITING_UPLOAD: {None},
    JobStatus.QUEUED: {OPEN_STAGE},
    JobStatus.SUBMITTED: {OPEN_STAGE},
    JobStatus.PROGRESSING: {OPEN_STAGE},
    JobStatus.COMPLETE: {OPEN_STAGE, Status.COMPLETE.value},
    JobStatus.ERROR: {OPEN_STAGE, Status.ERROR.value},
    JobStatus.CANCELED: {OPEN_STAGE, Status.CANCELED.value},
}


def _status(lookup: Lookup | None, job: Job | None) -> JobStatus | None:
    if job is not None:
        return JobStatus(job.status.value)
    return None if lookup is None else status_without_job(lookup)


def encode_cursor(place: str, owner: str | None, wanted: UploadFilter) -> str:
    """Return the cursor of the page after this place."""
    return urlsafe_b64encode(f"{place}.{_digest(owner, wanted)}".encode()).decode().rstrip("=")


def place_in(cursor: str, owner: str | None, wanted: UploadFilter) -> str | None:
    """Return the place that the cursor contains; None if it is no cursor of this caller's list.

    >>> mine = UploadFilter(status=JobStatus.ERROR)
    >>> cursor = encode_cursor("1763798400123-29fe6e4fa0706d86", "ada", mine)
    >>> place_in(cursor, "ada", mine), place_in(cursor, "eve", mine), place_in("x", "ada", mine)
    ('1763798400123-29fe6e4fa0706d86', None, None)
    """
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (Base64Error, ValueError):
        return None
    place, _, digest = text.partition(".")
    return place if _PLACE.fullmatch(place) and digest == _digest(owner, wanted) else None


def _digest(owner: str | None, wanted: UploadFilter) -> str:
    described = json.dumps([listed_for(owner), wanted.status, wanted.external_id, wanted.created_after_s])
    return urlsafe_b64encode(hashlib.sha256(described.encode()).digest()[:_DIGEST_BYTES]).decode()
