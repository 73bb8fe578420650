"""docs/reliability.md states a reconcile pass's figures as the code's constants give them."""

import math
import re
from pathlib import Path

from deploy.cost.workload import Workload
from transcode.outbox import OPEN_SHARDS
from worker.reconcile.assembly import MAX_LEASE_S, PASS_SHARE
from worker.reconcile.job_list import PAGE_SIZE
from worker.reconcile.open_jobs import BATCH_SIZE
from worker.reconcile.overdue import overdue_after_s
from worker.settings import WorkerSettings
from worker.turns import LONGEST_GAP

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")
JOBS_PER_MIN = 4_600
JOB_S = Workload(minutes=0).job_s
DEFAULTS = {name: field.default for name, field in WorkerSettings.model_fields.items()}
INTERVAL_S, CALLS_PER_S = DEFAULTS["reconcile_interval_s"], DEFAULTS["reconcile_calls_per_s"]
OVERDUE_S = overdue_after_s(DEFAULTS["status_update_interval_s"])
ROW_READ_UNITS = 0.5
"""Read units of a row of less than 4 kB, with eventual consistency."""


def stated(row: str) -> str:
    """Return what the table's row says."""
    (found,) = re.findall(rf"^\| {re.escape(row)} \| (.*) \|$", DOCUMENT, re.MULTILINE)
    return str(found)


def test_the_figures_follow_from_the_constants() -> None:
    """A changed limit needs a changed document."""
    candidates = JOBS_PER_MIN * max(0, JOB_S - OVERDUE_S) / 60
    most_calls = CALLS_PER_S * PASS_SHARE * MAX_LEASE_S
    lost = JOBS_PER_MIN * INTERVAL_S / 60 / 10_000
    assert f"a job runs for {JOB_S:g} s" in DOCUMENT
    assert stated("open jobs").startswith(f"{JOBS_PER_MIN * JOB_S / 60:,.0f}")
    assert stated(f"candidates: open jobs older than {OVERDUE_S} s") == f"{candidates:,.0f}"
    assert stated("Query") == f"{OPEN_SHARDS}"
    reads = f"{math.ceil(candidates / BATCH_SIZE)} ({candidates * ROW_READ_UNITS:,.0f} read units)"
    assert stated("BatchGetItem") == reads
    assert stated("GetJob").startswith(f"{math.floor(lost)} or {math.ceil(lost)}; at most {most_calls:g}")
    assert f"ListJobs for six hours of jobs: {JOBS_PER_MIN * 360 / PAGE_SIZE:,.0f}" in stated("ListJobs, SearchJobs")


def test_a_lost_end_is_repaired_within_ten_minutes() -> None:
    """The time until the job is overdue, the longest gap between two passes, and a pass through 30 overdue jobs."""
    gap_s, pass_s = LONGEST_GAP * INTERVAL_S, 30 / CALLS_PER_S
    assert OVERDUE_S + gap_s + pass_s <= 600
    sentence = f"at most {OVERDUE_S} s + {gap_s:g} s between two passes + {pass_s:g} s = 10 min"
    assert sentence in stated("a lost end is repaired")
