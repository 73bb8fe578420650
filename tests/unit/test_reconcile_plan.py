"""What reconciliation does, and what it leaves alone."""

from dataclasses import replace

import pytest

from transcode.job import Job, Status
from transcode.lookup import Lookup
from worker.claim import Claim, Destination
from worker.reconcile.known_job import KnownJob
from worker.reconcile.plan import Limits, Step, StoredRows, has_question, is_silent, plan

NOW_MS = 1_900_000_000_000
LIMITS = Limits(quiet_ms=60_000, kept_ms=86_400_000)
FILE = "uploads/1f/cat.mp4"
RUNNING = KnownJob(job_id="1-a", status=Status.PROGRESSING, input_file=FILE, created_ms=NOW_MS - 600_000, claim_id="c1")
OVER = replace(RUNNING, status=Status.COMPLETE, ended_ms=NOW_MS - 300_000)
LOOKUP = Lookup(input_file=FILE, job_id="1-a")
CLAIM = Claim(
    claim_id="c1",
    destination=Destination(input_file=FILE, output_path="o/", key_file="cat.key", key_value="00" * 16),
    claimed_ms=NOW_MS - 600_000,
    lease_token="t",  # noqa: S106 -- names a lease, opens nothing
    lease_until_ms=NOW_MS - 500_000,
)
NOTHING = StoredRows(job=None, lookup=None)
ORPHANED = replace(NOTHING, claim=CLAIM)


def row(status: Status) -> StoredRows:
    """StoredRows that are all there, the status as given."""
    return StoredRows(job=Job(job_id="1-a", status=status, input_file=FILE), lookup=LOOKUP)


@pytest.mark.parametrize(
    ("job", "rows", "steps"),
    [
        (OVER, row(Status.SUBMITTED), (Step.END,)),
        (OVER, row(Status.PROGRESSING), (Step.END,)),
        (OVER, row(Status.COMPLETE), ()),
        (OVER, row(Status.CANCELED), ()),
        (RUNNING, row(Status.SUBMITTED), ()),
        (OVER, ORPHANED, (Step.ADOPT, Step.END)),
        (RUNNING, ORPHANED, (Step.ADOPT,)),
        (RUNNING, NOTHING, (Step.REPORT,)),
        (OVER, NOTHING, (Step.REPORT,)),
        (OVER, replace(row(Status.COMPLETE), lookup=None, claim=CLAIM), (Step.ADOPT,)),
    ],
    ids=[
        "no event came at all",
        "the final event was lost",
        "all is well",
        "a final row stays",
        "it runs",
        "it ran while none of our rows was written",
        "it runs unknown to all",
        "nothing of ours knows it, and it runs",
        "nothing of ours knows it",
        "the file doesn't find it",
    ],
)
def test_what_the_rows_lack_is_done(job: KnownJob, rows: StoredRows, steps: tuple[Step, ...]) -> None:
    """In this order: the rows first, without which no COMPLETE can be told."""
    assert plan(job, rows, LIMITS, now_ms=NOW_MS) == steps


def test_a_job_just_ended_is_left_to_its_event() -> None:
    """It is on its way more often than lost."""
    assert plan(replace(OVER, ended_ms=NOW_MS - 59_000), row(Status.PROGRESSING), LIMITS, now_ms=NOW_MS) == ()


def test_a_job_just_made_is_left_to_its_worker() -> None:
    """Its rows are being written this moment."""
    assert plan(replace(RUNNING, created_ms=NOW_MS - 59_000), ORPHANED, LIMITS, now_ms=NOW_MS) == ()


def test_a_claim_whose_lease_lasts_is_left_to_its_holder() -> None:
    """Two workers on one claim would settle it anyway; one is enough."""
    held = replace(ORPHANED, claim=replace(CLAIM, lease_until_ms=NOW_MS + 1))
    assert plan(RUNNING, held, LIMITS, now_ms=NOW_MS) == ()


def test_a_claim_that_was_refused_gets_no_job() -> None:
    """The file already shows why."""
    assert plan(RUNNING, replace(ORPHANED, claim=replace(CLAIM, refused=True)), LIMITS, now_ms=NOW_MS) == ()


@pytest.mark.parametrize(("job", "steps"), [(RUNNING, (Step.CANCEL,)), (OVER, ())])
def test_a_duplicate_is_stopped_and_never_told(job: KnownJob, steps: tuple[Step, ...]) -> None:
    """Another job stands on the claim: this one must not run beside it, nor become the file's."""
    duplicate = replace(ORPHANED, claim=replace(CLAIM, job_id="2-b"))
    assert plan(job, duplicate, LIMITS, now_ms=NOW_MS) == steps


def test_an_expired_row_does_not_come_back() -> None:
    """The job ended longer ago than a status is kept: what is missing was there once."""
    old = replace(OVER, created_ms=NOW_MS - 90_000_000, ended_ms=NOW_MS - 86_400_000)
    assert plan(old, ORPHANED, LIMITS, now_ms=NOW_MS) == ()


def test_the_claim_is_read_only_where_a_row_is_missing() -> None:
    """Most jobs are well, and cost two reads."""
    whole = row(Status.COMPLETE)
    assert not has_question(OVER, whole)
    assert has_question(OVER, NOTHING)
    assert has_question(OVER, replace(whole, lookup=Lookup(input_file=FILE)))
    assert not has_question(replace(OVER, claim_id=None), NOTHING)


@pytest.mark.parametrize(
    ("job", "heard_s_ago", "is_told"),
    [
        (RUNNING, None, False),
        (replace(RUNNING, created_ms=NOW_MS - 3_600_000), None, True),
        (replace(RUNNING, created_ms=NOW_MS - 3_600_000), 10, False),
        (replace(RUNNING, created_ms=NOW_MS - 3_600_000), 900, True),
        (replace(RUNNING, created_ms=NOW_MS - 3_600_000, status=Status.SUBMITTED), 3_600, False),
        (replace(OVER, created_ms=NOW_MS - 3_600_000), 3_600, False),
    ],
    ids=["it has just begun", "never parsed of", "parsed of just now", "silent for long", "it waits", "it is over"],
)
def test_a_running_job_without_news_is_told_of(*, job: KnownJob, heard_s_ago: int | None, is_told: bool) -> None:
    """The 15 minutes count from the last news, or from the job's making."""
    known = Job(job_id="1-a", status=Status.PROGRESSING)
    parsed = known if heard_s_ago is None else replace(known, updated_s=NOW_MS // 1000 - heard_s_ago)
    assert is_silent(job, StoredRows(job=parsed, lookup=LOOKUP), LIMITS, now_ms=NOW_MS) is is_told
