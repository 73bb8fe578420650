"""The row of an input file in the lookup table, from and to the model. Pure."""

from collections.abc import Mapping
from typing import Any

from transcode.job import Failure
from transcode.lifetimes import has_expired
from transcode.listing import listed_at, listed_for
from transcode.lookup import Lookup
from transcode.row_mapping import shape_of

JOB_BEFORE = ("JobId", "Replaces", "Retried", "CanceledTime")
"""Attributes of a row whose version had a job, or was canceled before it got one."""


def announced_row(lookup: Lookup, *, now_s: float, expires_s: int) -> Mapping[str, Any]:
    """Return the row of an upload that a caller announces now; attributes that are None are not stored."""
    return {
        "InputFile": lookup.input_file,
        "FileName": lookup.file_name,
        "Owner": lookup.owner,
        "Profile": lookup.profile,
        "ExternalId": lookup.external_id,
        "Metadata": dict(lookup.metadata) or None,
        "UploadId": lookup.upload_id,
        "SizeBytes": lookup.size_bytes,
        "PartBytes": lookup.part_bytes,
        "ReservedBytes": lookup.reserved_bytes,
        "ReservedIn": lookup.reserved_in,
        "ListedFor": listed_for(lookup.owner),
        "ListedAt": listed_at(lookup.input_file, created_ms=round(1000 * now_s)),
        "Announced": True,
        "CreationTime": int(now_s),
        "ExpirationTime": expires_s,
    }


def is_file(row: Mapping[str, Any], *, now_s: int, include_deleted: bool = False) -> bool:
    """Return whether the row exists, has not expired, and is the row of a file which callers may see.

    The table also has callers' sums of bytes, the keys of their repeated requests, and files that are deleted.
    """
    is_seen = include_deleted or "DeleteRequestedTime" not in row
    is_of_file = "Reserved" not in row and "RequestHash" not in row
    return bool(row) and not has_expired(row, now_s=now_s) and is_of_file and is_seen


def had_job_of_version(row: Mapping[str, Any], version: str, *, claimed_ms: int) -> bool:
    """Return whether the version had its job before the claim: no second one may be paid. The claim must be newer."""
    is_newer = "ClaimedTime" in row and row["ClaimedTime"] < claimed_ms
    return is_newer and row.get("Version") == version and any(name in row for name in JOB_BEFORE)


def lookup_from_row(row: Mapping[str, Any]) -> Lookup:
    """Return the input file that a row of the lookup table describes."""
    return shape_of(
        Lookup,
        row,
        failure=shape_of(Failure, row) if "ErrorCode" in row else None,
        is_uploaded="UploadedTime" in row,
        is_announced="Announced" in row,
    )
