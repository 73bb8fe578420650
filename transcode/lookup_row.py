"""The row of an input file in the lookup table, from and to the model. Pure."""

from collections.abc import Mapping
from typing import Any

from transcode.job import Failure
from transcode.lifetimes import has_expired
from transcode.listing import listed_at, listed_for
from transcode.lookup import Lookup
from transcode.row_mapping import shape_of


def announced_row(lookup: Lookup, *, now_s: int, expires_s: int) -> Mapping[str, Any]:
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
        "ListedAt": listed_at(lookup.input_file, created_s=now_s),
        "Announced": True,
        "CreationTime": now_s,
        "ExpirationTime": expires_s,
    }


def is_file(row: Mapping[str, Any], *, now_s: int) -> bool:
    """Return whether the row exists, has not expired, and is a file's row.

    The table also has callers' sums of bytes, and the keys of their repeated requests.
    """
    return bool(row) and not has_expired(row, now_s=now_s) and "Reserved" not in row and "RequestHash" not in row


def lookup_from_row(row: Mapping[str, Any]) -> Lookup:
    """Return the input file that a row of the lookup table describes."""
    return shape_of(
        Lookup,
        row,
        failure=shape_of(Failure, row) if "ErrorCode" in row else None,
        is_uploaded="UploadedTime" in row,
        is_announced="Announced" in row,
    )
