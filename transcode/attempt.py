"""The conditions under which an attempt to make a file's job may change the file's row, and why it may not. Pure.

`transcode.lookup_table` writes the row.
"""

from collections.abc import Mapping
from typing import Any

from transcode.announcement_types import AnnouncementType
from transcode.dynamodb import Update
from transcode.job import Failure
from transcode.lookup import Lookup
from transcode.lookup_row import JOB_BEFORE, lookup_from_row
from transcode.outbox import OutboxEntry

END = ("ErrorCode", "ErrorMessage", "ErrorReason", "CanceledTime")
"""Attributes of an attempt that ended without a job."""
WAITING = ("QueuedTime", "Replaces", "ClaimId")
"""Attributes of a file that waits for its job."""


class AnotherVersionError(Exception):
    """The file was announced as one upload, and the worker has accepted another version of its object."""


class UploadDeletedError(Exception):
    """The upload is deleted, or is being deleted: it gets no job."""


class JobExistsError(Exception):
    """The version of the file's object had its job, although the claim that created it has expired."""


def outbox_entry(
    announcement_type: AnnouncementType, input_file: str, *, claimed_ms: int, now_s: int, failure: Failure | None = None
) -> OutboxEntry:
    """Return the request to announce the end of the file's attempt, which the claim's time names."""
    return OutboxEntry(
        type=announcement_type, input_file=input_file, subject=str(claimed_ms), time_s=now_s, failure=failure
    )


def require_version(update: Update, version: str | None, *, claimed_ms: int) -> None:
    """Require that an announced file has no other version; a worker of an earlier release recorded none."""
    if version is None:
        return
    same_claim = (update.absent("ClaimedTime"), update.compare("ClaimedTime", "=", claimed_ms))
    update.where(
        update.absent("Announced"),
        update.compare("Version", "=", version),
        *(update.all_of(update.absent("Version"), each) for each in same_claim),
    )


def require_no_job_of_version(update: Update, version: str | None, *, claimed_ms: int) -> None:
    """Require that the version had no job of an earlier claim: a claim expires before the file's row does."""
    if version is None:
        return
    had_none = update.all_of(*map(update.absent, JOB_BEFORE))
    another = f"NOT {update.compare('Version', '=', version)}"
    update.where(update.absent("Version"), another, update.compare("ClaimedTime", "=", claimed_ms), had_none)


def undeleted(row: Mapping[str, Any]) -> Lookup:
    """Return the file of a row.

    Raises:
        UploadDeletedError: The upload is deleted.
    """
    if "DeleteRequestedTime" in row:
        raise UploadDeletedError(row["InputFile"])
    return lookup_from_row(row)
