"""The row of an upload that is deleted, and what must be removed because of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.claim import claim_id
from worker.messages.events import ObjectCreated

REFUSAL_PREFIX = "refused-"
"""The beginning of the name of a refused claim, where a job's id could be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedUpload:
    """The parts of the row that a deletion needs. Times are Unix seconds.

    `job_ids` are the jobs that the row names, and `claim_ids` the claims of all attempts that it names.
    """

    input_file: str
    requested_s: int
    deleted_s: int | None
    is_announced: bool
    job_ids: frozenset[str]
    claim_ids: frozenset[str]
    attributes: frozenset[str] = field(default_factory=frozenset)
    """The names of the row's attributes."""

    @property
    def is_tombstone(self) -> bool:
        """True if everything else of the upload was deleted."""
        return self.deleted_s is not None


def marked_upload(row: Mapping[str, Any]) -> MarkedUpload:
    """Return the upload that a marked row describes."""
    replaced = {*row.get("Retried", ()), *([row["Replaces"]] if "Replaces" in row else ())}
    named = {*replaced, *row.get("DeletedJobs", ()), *([row["JobId"]] if "JobId" in row else ())}
    return MarkedUpload(
        input_file=row["InputFile"],
        requested_s=int(row["DeleteRequestedTime"]),
        deleted_s=int(row["DeletedTime"]) if "DeletedTime" in row else None,
        is_announced="Announced" in row,
        job_ids=frozenset(each for each in named if not each.startswith(REFUSAL_PREFIX)),
        claim_ids=frozenset(_claim_ids(row, replaced)),
        attributes=frozenset(row),
    )


def _claim_ids(row: Mapping[str, Any], replaced: set[str]) -> set[str]:
    """Return the ids of the claims: of the accepted version, of each retry, and of the attempt that waits."""
    attempts = [
        ObjectCreated(input_file=row["InputFile"], size_bytes=1, version="", replaces=each) for each in replaced
    ]
    if "Version" in row:
        attempts.append(ObjectCreated(input_file=row["InputFile"], size_bytes=1, version=row["Version"]))
    return {*map(claim_id, attempts), *([row["ClaimId"]] if "ClaimId" in row else ())}
