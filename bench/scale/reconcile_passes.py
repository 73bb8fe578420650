"""Passes of reconciliation over hours of jobs, some of whose ends were lost. Reconciliation's own rule decides.

Each job sends an event every few seconds until it ends. A lost end leaves its row open, and a pass repairs it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from transcode.job import Status
from transcode.outbox import OPEN_SHARDS
from worker.reconcile.assembly import MAX_LEASE_S, PASS_SHARE
from worker.reconcile.open_jobs import BATCH_SIZE
from worker.reconcile.overdue import OpenJob, in_order, is_overdue, overdue_after_s
from worker.settings import WorkerSettings
from worker.turns import LONGEST_GAP

DEFAULTS = {name: each.default for name, each in WorkerSettings.model_fields.items()}
DYNAMODB_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStream:
    """So many jobs a minute, for `hours`; one of `lost_of` ends is lost."""

    jobs_per_min: float
    job_s: float
    hours: float = 12
    lost_of: int = 10_000
    seed: int = 11


@dataclass(slots=True, kw_only=True)
class PassFigures:
    """The figures of all passes."""

    passes: int = 0
    longest_pass_s: float = 0.0
    most_calls: int = 0
    """GetJob calls of one pass."""
    calls: int = 0
    most_candidates: int = 0
    repairs_s: list[float] = field(default_factory=list)
    """For each lost end, the seconds from the job's end to its repair."""


def simulate(stream: JobStream) -> PassFigures:
    """Return the figures of the passes during these hours, with the longest gap between two passes that may occur."""
    rng = Random(stream.seed)  # noqa: S311 -- not for secrets
    total_s = stream.hours * 3_600
    starts = [number * 60 / stream.jobs_per_min for number in range(int(total_s * stream.jobs_per_min / 60))]
    lost = {number for number in range(len(starts)) if rng.randrange(stream.lost_of) == 0}
    figures = PassFigures()
    repaired: set[int] = set()
    gap_s = DEFAULTS["reconcile_interval_s"] * LONGEST_GAP
    now_s = gap_s
    while now_s < total_s:
        missing = [number for number in lost if number not in repaired and starts[number] + stream.job_s <= now_s]
        took_s = _run_pass(stream, starts, missing, repaired, figures, now_s)
        now_s += max(gap_s, took_s)
    return figures


def _run_pass(
    stream: JobStream,
    starts: Sequence[float],
    missing: Sequence[int],
    repaired: set[int],
    figures: PassFigures,
    begin_s: float,
) -> float:
    """Look at the open jobs as worker/reconcile/open_pass.py does, and return the seconds of the pass."""
    overdue_s = overdue_after_s(DEFAULTS["status_update_interval_s"])
    first = max(0, math.ceil((begin_s - stream.job_s) * stream.jobs_per_min / 60))
    last = min(len(starts), math.floor((begin_s - overdue_s) * stream.jobs_per_min / 60))
    candidates = {number: _row(stream, starts[number], begin_s, number) for number in range(first, last)}
    candidates |= {number: _row(stream, starts[number], begin_s, number) for number in missing}
    overdue = in_order(job for job in candidates.values() if is_overdue(job, overdue_s=overdue_s, now_s=int(begin_s)))
    spent_s = (OPEN_SHARDS + math.ceil(len(candidates) / BATCH_SIZE)) * DYNAMODB_S
    calls = 0
    for job in overdue:
        if spent_s >= MAX_LEASE_S * PASS_SHARE:
            break
        spent_s += 1 / DEFAULTS["reconcile_calls_per_s"]
        calls += 1
        number = int(job.job_id)
        if number in missing:
            repaired.add(number)
            figures.repairs_s.append(begin_s + spent_s - starts[number] - stream.job_s)
    figures.passes += 1
    figures.calls += calls
    figures.most_calls = max(figures.most_calls, calls)
    figures.longest_pass_s = max(figures.longest_pass_s, spent_s)
    figures.most_candidates = max(figures.most_candidates, len(candidates))
    return spent_s


def _row(stream: JobStream, start_s: float, now_s: float, number: int) -> OpenJob:
    """Return the job's open row: its news is the last event before now, and before its lost end."""
    interval_s = DEFAULTS["status_update_interval_s"]
    seen_s = min(now_s, start_s + stream.job_s - 1) - start_s
    news_s = start_s + math.floor(seen_s / interval_s) * interval_s
    return OpenJob(job_id=str(number), status=Status.PROGRESSING, news_s=int(news_s))
