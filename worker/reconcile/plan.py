"""The decisions of reconciliation: a comparison of MediaConvert's job with our rows gives the steps to take. Pure.

MediaConvert decides the status of a job; our rows decide which job an upload has. No step changes a final row. Each
step is safe if a late event or a concurrent reconciliation does the same.
"""

from dataclasses import dataclass
from enum import StrEnum

from transcode.job import Job, Status
from transcode.lookup import Lookup
from worker.claim import Claim
from worker.reconcile.listed_job import ListedJob


class Step(StrEnum):
    """One action of reconciliation. A job's actions are taken in this order."""

    ADOPT = "adopt"
    """Finish the claim: write the job's key row, status row and lookup row."""
    CANCEL = "cancel"
    """Cancel the job, because the same object version has another job."""
    END = "end"
    """Apply the final event that was lost."""
    REPORT = "report"
    """Log that no row of ours refers to the job: its encryption key is lost or has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRows:
    """The job's rows in our tables. `claim` is read only if `needs_claim` says so."""

    job: Job | None
    lookup: Lookup | None
    claim: Claim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The times that decide when reconciliation acts.

    For `quiet_ms` after a job was created or ended, its events and our own writes may still arrive. If a job ended
    `kept_ms` ago or earlier, its row may have expired. If a running job has had no event for `silent_ms`, the job or
    its events are stuck.
    """

    quiet_ms: int
    kept_ms: int
    silent_ms: int = 15 * 60_000


def needs_claim(job: ListedJob, rows: StoredRows) -> bool:
    """Return whether the claim must be read: a row is missing that the worker writes when it creates the job."""
    has_lookup = rows.lookup is not None and (rows.lookup.job_id is not None or rows.lookup.is_over)
    return job.claim_id is not None and (rows.job is None or rows.job.input_file is None or not has_lookup)


def plan(job: ListedJob, rows: StoredRows, limits: Limits, *, now_ms: int) -> tuple[Step, ...]:
    """Return the steps to take, in order; none if the job is correct, or if it is too early to decide."""
    if now_ms - job.created_ms < limits.quiet_ms or _has_expired(job, rows, limits, now_ms=now_ms):
        return ()
    claim = rows.claim
    if claim is not None and claim.job_id not in {None, job.job_id}:
        return () if job.is_final else (Step.CANCEL,)
    adoption = _adoption(claim, now_ms=now_ms)
    if rows.job is None and not adoption:
        return (Step.REPORT,) if claim is None else ()  # a worker still holds the claim's lease, or it was refused
    if rows.job is not None and rows.job.status.is_final:
        return adoption
    if job.ended_ms is None or now_ms - job.ended_ms < limits.quiet_ms:
        return adoption
    return (*adoption, Step.END)


def is_silent(job: ListedJob, rows: StoredRows, limits: Limits, *, now_ms: int) -> bool:
    """Return whether the job runs without events. MediaConvert sends one every few seconds, or minutes at most.

    A job that waits in MediaConvert's queue sends no events, and doesn't count.
    """
    if job.status is not Status.PROGRESSING:
        return False
    updated_s = rows.job.updated_s if rows.job is not None else None
    updated_ms = job.created_ms if updated_s is None else updated_s * 1000
    return now_ms - max(updated_ms, job.created_ms) >= limits.silent_ms


def _adoption(claim: Claim | None, *, now_ms: int) -> tuple[Step, ...]:
    if claim is None or claim.refused:
        return ()
    is_being_created = claim.job_id is None and claim.lease_until_ms > now_ms
    return () if is_being_created else (Step.ADOPT,)


def _has_expired(job: ListedJob, rows: StoredRows, limits: Limits, *, now_ms: int) -> bool:
    """Return whether the job's row existed and has expired; reconciliation must not write it again."""
    return rows.job is None and job.ended_ms is not None and now_ms - job.ended_ms >= limits.kept_ms
