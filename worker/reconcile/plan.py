"""What reconciliation does about one job: MediaConvert's word and our rows, laid side by side. Pure.

MediaConvert is right about what became of a job; our rows are right about which job an upload has. Nothing here
changes a row that is final, and nothing is done that a late event or another copy of this couldn't have done as well.
"""

from dataclasses import dataclass
from enum import StrEnum

from transcode.job import Job, Status
from transcode.lookup import Lookup
from worker.claim import Claim
from worker.reconcile.known_job import KnownJob


class Step(StrEnum):
    """One thing to do about a job, in this order."""

    ADOPT = "adopt"
    """Finish the claim: key row, status row, lookup row."""
    CANCEL = "cancel"
    """Stop it: another job stands for the same object version."""
    END = "end"
    """Apply the final event that never came."""
    REPORT = "report"
    """Say that nothing of ours knows the job: its key is lost, or has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRows:
    """What our tables know of the job; `claim` is read only where the others leave a question."""

    job: Job | None
    lookup: Lookup | None
    claim: Claim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When reconciliation keeps its hands off.

    `quiet_ms` after a job was made or ended, its events and our own writes may still be on their way. A job that ended
    `kept_ms` ago or earlier may have had a row that has expired since. A running job of which nothing was parsed for
    `silent_ms` is stuck, or its events are.
    """

    quiet_ms: int
    kept_ms: int
    silent_ms: int = 15 * 60_000


def has_question(job: KnownJob, rows: StoredRows) -> bool:
    """Tell whether the claim must be looked at: a row is missing that making the job writes."""
    is_found = rows.lookup is not None and (rows.lookup.job_id is not None or rows.lookup.failure is not None)
    return job.claim_id is not None and (rows.job is None or rows.job.input_file is None or not is_found)


def plan(job: KnownJob, rows: StoredRows, limits: Limits, *, now_ms: int) -> tuple[Step, ...]:
    """Return what to do about the job, in order; nothing where all is well or where it is too early to tell."""
    if now_ms - job.created_ms < limits.quiet_ms or _has_expired(job, rows, limits, now_ms=now_ms):
        return ()
    claim = rows.claim
    if claim is not None and claim.job_id not in {None, job.job_id}:
        return () if job.is_over else (Step.CANCEL,)
    adopting = _adoption(claim, now_ms=now_ms)
    if rows.job is None and not adopting:
        return (Step.REPORT,) if claim is None else ()  # whoever holds the claim is at it
    if rows.job is not None and rows.job.status.is_final:
        return adopting
    if job.ended_ms is None or now_ms - job.ended_ms < limits.quiet_ms:
        return adopting
    return (*adopting, Step.END)


def is_silent(job: KnownJob, rows: StoredRows, limits: Limits, *, now_ms: int) -> bool:
    """Tell whether the job runs without any news: MediaConvert sends some every few seconds, or minutes at most.

    One that waits in MediaConvert's queue sends none, and is not meant.
    """
    if job.status is not Status.PROGRESSING:
        return False
    heard_s = rows.job.updated_s if rows.job is not None else None
    heard_ms = job.created_ms if heard_s is None else heard_s * 1000
    return now_ms - max(heard_ms, job.created_ms) >= limits.silent_ms


def _adoption(claim: Claim | None, *, now_ms: int) -> tuple[Step, ...]:
    if claim is None or claim.refused:
        return ()
    is_being_made = claim.job_id is None and claim.lease_until_ms > now_ms
    return () if is_being_made else (Step.ADOPT,)


def _has_expired(job: KnownJob, rows: StoredRows, limits: Limits, *, now_ms: int) -> bool:
    """Tell whether the job's row isn't missing but was there long enough: it must not come back."""
    return rows.job is None and job.ended_ms is not None and now_ms - job.ended_ms >= limits.kept_ms
