"""The steps that reconciliation plans for a job."""

from dataclasses import replace

import pytest

from transcode.job import Job, Status
from transcode.lookup import Lookup
from worker.claim import Claim, Destination
from worker.reconcile.listed_job import ListedJob
from worker.reconcile.plan import Limits, Step, StoredRows, is_silent, needs_claim, plan

NOW_MS = 1_900_000_000_000
LIMITS = Limits(quiet_ms=60_000, kept_ms=86_400_000)
FILE = "uploads/1f/cat.mp4"
RUNNING = ListedJob(
    job_id="1-a", status=Status.PROGRESSING, input_file=FILE, created_ms=NOW_MS - 600_000, claim_id="c1"
)
ENDED = replace(RUNNING, status=Status.COMPLETE, ended_ms=NOW_MS - 300_000)
LOOKUP = Lookup(input_file=FILE, job_id="1-a")
CLAIM = Claim(
    claim_id="c1",
    destination=Destination(input_file=FILE, output_path="o/", key_file="cat.key", key_value="00" * 16),
    claimed_ms=NOW_MS - 600_000,
    lease_token="t",  # noqa: S106 -- not a password
    lease_until_ms=NOW_MS - 500_000,
)
NOTHING = StoredRows(job=None, lookup=None)
ORPHANED = replace(NOTHING, claim=CLAIM)


def rows_with(status: Status) -> StoredRows:
    """Return a complete set of rows with this job status."""
    return StoredRows(job=Job(job_id="1-a", status=status, input_file=FILE), lookup=LOOKUP)


@pytest.mark.parametrize(
    ("job", "rows", "steps"),
    [
        (ENDED, rows_with(Status.SUBMITTED), (Step.END,)),
        (ENDED, rows_with(Status.PROGRESSING), (Step.END,)),
        (ENDED, rows_with(Status.COMPLETE), ()),
        (ENDED, rows_with(Status.CANCELED), ()),
        (RUNNING, rows_with(Status.SUBMITTED), ()),
        (ENDED, ORPHANED, (Step.ADOPT, Step.END)),
        (RUNNING, ORPHANED, (Step.ADOPT,)),
        (RUNNING, NOTHING, (Step.REPORT,)),
        (ENDED, NOTHING, (Step.REPORT,)),
        (ENDED, replace(rows_with(Status.COMPLETE), lookup=None, claim=CLAIM), (Step.ADOPT,)),
    ],
    ids=[
        "no event arrived",
        "the final event was lost",
        "all rows agree",
        "a final row is kept",
        "the job runs",
        "the job ended and its rows are missing",
        "the job runs and its rows are missing",
        "the job runs without rows or claim",
        "the job ended without rows or claim",
        "the lookup row is missing",
    ],
)
def test_missing_rows_and_a_lost_end_are_repaired(job: ListedJob, rows: StoredRows, steps: tuple[Step, ...]) -> None:
    """Adoption comes first, because a COMPLETE event needs the rows."""
    assert plan(job, rows, LIMITS, now_ms=NOW_MS) == steps


def test_a_job_that_just_ended_waits_for_its_event() -> None:
    """The event is more likely on its way than lost."""
    assert plan(replace(ENDED, ended_ms=NOW_MS - 59_000), rows_with(Status.PROGRESSING), LIMITS, now_ms=NOW_MS) == ()


def test_a_job_that_was_just_created_waits_for_its_worker() -> None:
    """The worker may be writing its rows at this moment."""
    assert plan(replace(RUNNING, created_ms=NOW_MS - 59_000), ORPHANED, LIMITS, now_ms=NOW_MS) == ()


def test_a_claim_with_a_valid_lease_is_left_to_its_worker() -> None:
    """The conditional writes would resolve the race, but one worker is enough."""
    held = replace(ORPHANED, claim=replace(CLAIM, lease_until_ms=NOW_MS + 1))
    assert plan(RUNNING, held, LIMITS, now_ms=NOW_MS) == ()


def test_a_refused_claim_adopts_no_job() -> None:
    """The lookup row already shows the error."""
    assert plan(RUNNING, replace(ORPHANED, claim=replace(CLAIM, refused=True)), LIMITS, now_ms=NOW_MS) == ()


@pytest.mark.parametrize(("job", "steps"), [(RUNNING, (Step.CANCEL,)), (ENDED, ())])
def test_a_running_duplicate_is_canceled_and_never_adopted(job: ListedJob, steps: tuple[Step, ...]) -> None:
    """The claim already names another job, and a duplicate must not become the job of the file."""
    duplicate = replace(ORPHANED, claim=replace(CLAIM, job_id="2-b"))
    assert plan(job, duplicate, LIMITS, now_ms=NOW_MS) == steps


def test_an_expired_row_is_not_restored() -> None:
    """The job ended longer ago than the TTL of its rows, so the missing rows have expired."""
    old = replace(ENDED, created_ms=NOW_MS - 90_000_000, ended_ms=NOW_MS - 86_400_000)
    assert plan(old, ORPHANED, LIMITS, now_ms=NOW_MS) == ()


def test_the_claim_is_read_only_if_a_row_is_missing() -> None:
    """A job whose rows agree costs two reads."""
    whole = rows_with(Status.COMPLETE)
    assert not needs_claim(ENDED, whole)
    assert needs_claim(ENDED, NOTHING)
    assert needs_claim(ENDED, replace(whole, lookup=Lookup(input_file=FILE)))
    assert not needs_claim(replace(ENDED, claim_id=None), NOTHING)


@pytest.mark.parametrize(
    ("job", "last_event_s_ago", "expected"),
    [
        (RUNNING, None, False),
        (replace(RUNNING, created_ms=NOW_MS - 3_600_000), None, True),
        (replace(RUNNING, created_ms=NOW_MS - 3_600_000), 10, False),
        (replace(RUNNING, created_ms=NOW_MS - 3_600_000), 900, True),
        (replace(RUNNING, created_ms=NOW_MS - 3_600_000, status=Status.SUBMITTED), 3_600, False),
        (replace(ENDED, created_ms=NOW_MS - 3_600_000), 3_600, False),
    ],
    ids=["just created", "no event yet", "recent event", "old event", "waiting", "ended"],
)
def test_a_running_job_without_recent_events_is_silent(
    *, job: ListedJob, last_event_s_ago: int | None, expected: bool
) -> None:
    """The 15 minutes count from the last event, or from the creation of the job."""
    known = Job(job_id="1-a", status=Status.PROGRESSING)
    stored_job = known if last_event_s_ago is None else replace(known, updated_s=NOW_MS // 1000 - last_event_s_ago)
    assert is_silent(job, StoredRows(job=stored_job, lookup=LOOKUP), LIMITS, now_ms=NOW_MS) is expected
