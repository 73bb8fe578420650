"""The times for which the rows of uploads and jobs stay, as readers see them."""

from dataclasses import replace

import pytest

from local.provision import Stack
from tests.integration.stores import LIFETIMES, OUTPUT_TTL_S, STATUS_TTL_S, Stores
from transcode.aws import Aws
from transcode.deletion_marks import TOMBSTONE_S, DeletionMarks
from transcode.job import Canceled, Completed, Failed, Failure, Job, JobEvent, Output, Progressed, Status
from transcode.lookup import Lookup
from transcode.lookup_table import LookupTable
from transcode.status_table import StatusTable

NOW_S = 1_900_000_000
YEARS_LATER_S = NOW_S + 10 * 365 * 86_400
WEEK_S, MONTH_S = 7 * 86_400, 30 * 86_400
ENDS: list[JobEvent] = [
    Completed(job_id="", time_ms=9, output=Output(path="a/")),
    Failed(job_id="", time_ms=9, failure=Failure(code=1010, message="unreadable")),
    Canceled(job_id="", time_ms=9),
]
IDS = ["complete", "error", "canceled"]


async def ended(statuses: StatusTable, lookups: LookupTable, input_file: str, job_id: str, event: JobEvent) -> Status:
    """Write the rows of an upload whose job has this end, as the worker does it."""
    await lookups.announce(Lookup(input_file=input_file), now_s=NOW_S, good_for_s=60)
    await lookups.queue(input_file, claimed_ms=NOW_S * 1000, claim_id="c", now_s=NOW_S)
    await statuses.submit(Job(job_id=job_id, input_file=input_file), now_s=NOW_S)
    await lookups.link(input_file, job_id, claimed_ms=NOW_S * 1000, now_s=NOW_S)
    await statuses.advance(Progressed(job_id=job_id, time_ms=1), now_s=NOW_S)
    await statuses.advance(replace(event, job_id=job_id), now_s=NOW_S)
    job = await statuses.get(job_id, now_s=NOW_S, consistent=True)
    assert job is not None
    await lookups.end(input_file, job_id, job.status, now_s=NOW_S)
    return job.status


async def are_there(stores: Stores, input_file: str, job_id: str, *, now_s: int) -> tuple[bool, bool]:
    """Return whether the file's row and the job's row exist for a reader."""
    lookup = await stores.lookups.get(input_file, now_s=now_s, consistent=True)
    return lookup is not None, await stores.statuses.get(job_id, now_s=now_s, consistent=True) is not None


@pytest.mark.parametrize("event", ENDS, ids=IDS)
async def test_the_rows_of_a_job_that_is_over_stay_until_they_are_deleted(
    stores: Stores, input_file: str, job_id: str, event: JobEvent
) -> None:
    """By default, S3 keeps the uploaded file and the video, so a link to the video works for years."""
    await ended(stores.statuses, stores.lookups, input_file, job_id, event)
    assert await are_there(stores, input_file, job_id, now_s=YEARS_LATER_S) == (True, True)


@pytest.mark.parametrize("event", ENDS, ids=IDS)
async def test_rows_expire_with_the_objects_that_s3_deletes(
    stores: Stores, shared_aws: Aws, stack: Stack, input_file: str, job_id: str, event: JobEvent
) -> None:
    """The rows of a COMPLETE job expire with its video, all others with the uploaded file."""
    lifetimes = replace(LIFETIMES, source_s=MONTH_S, complete_s=2 * MONTH_S)
    dynamodb = await shared_aws.dynamodb()
    statuses = StatusTable(dynamodb, stack.status_table, lifetimes)
    lookups = LookupTable(dynamodb, stack.input_file_table, lifetimes)
    status = await ended(statuses, lookups, input_file, job_id, event)
    kept_s = 2 * MONTH_S if status is Status.COMPLETE else MONTH_S
    assert await are_there(stores, input_file, job_id, now_s=NOW_S + kept_s - 1) == (True, True)
    assert await are_there(stores, input_file, job_id, now_s=NOW_S + kept_s) == (False, False)


async def test_an_upload_that_never_arrives_expires(stores: Stores, input_file: str) -> None:
    """It has no object, so there is nothing to list, retry or delete."""
    await stores.lookups.announce(Lookup(input_file=input_file), now_s=NOW_S, good_for_s=60)
    assert await stores.lookups.get(input_file, now_s=NOW_S + 60 + OUTPUT_TTL_S) is None


async def test_the_row_of_a_job_without_an_end_expires_as_before(stores: Stores, job_id: str) -> None:
    """A job whose events stop is not kept; reconciliation ends it long before."""
    await stores.statuses.submit(Job(job_id=job_id), now_s=NOW_S)
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=1), now_s=NOW_S)
    assert await stores.statuses.get(job_id, now_s=NOW_S + STATUS_TTL_S) is None


async def test_a_short_lived_source_does_not_shorten_the_wait_for_a_job(
    shared_aws: Aws, stack: Stack, input_file: str
) -> None:
    """S3 may keep files for a week, and a message may wait for 14 days."""
    lifetimes = replace(LIFETIMES, source_s=WEEK_S)
    lookups = LookupTable(await shared_aws.dynamodb(), stack.input_file_table, lifetimes)
    await lookups.queue(input_file, claimed_ms=NOW_S * 1000, now_s=NOW_S)
    assert await lookups.get(input_file, now_s=NOW_S + OUTPUT_TTL_S - 1) is not None


async def test_a_job_that_ended_before_its_rows_were_written_stays_too(
    stores: Stores, input_file: str, job_id: str
) -> None:
    """Its last event opened the row, and the worker's late write sets no time at which the row expires."""
    await stores.statuses.advance(replace(ENDS[0], job_id=job_id), now_s=NOW_S)
    over = await stores.statuses.submit(Job(job_id=job_id, input_file=input_file), now_s=NOW_S)
    assert over is not None
    assert over.status is Status.COMPLETE
    assert await stores.statuses.get(job_id, now_s=YEARS_LATER_S) is not None


async def test_an_older_job_of_the_file_does_not_end_the_newer_one(stores: Stores, input_file: str) -> None:
    """A late event of a replaced job changes the file's row no more: its stage stays open."""
    await stores.lookups.queue(input_file, claimed_ms=1, now_s=NOW_S)
    await stores.lookups.link(input_file, "old", claimed_ms=1, now_s=NOW_S)
    await stores.lookups.link(input_file, "new", claimed_ms=2, now_s=NOW_S)
    await stores.lookups.end(input_file, "old", Status.ERROR, now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S)
    assert lookup is not None
    assert (lookup.job_id, lookup.stage) == ("new", "OPEN")


async def test_the_end_of_a_job_does_not_keep_an_upload_that_is_deleted(
    stores: Stores, shared_aws: Aws, stack: Stack, input_file: str
) -> None:
    """The row of a deleted upload expires, whenever its job ends."""
    await stores.lookups.announce(Lookup(input_file=input_file), now_s=NOW_S)
    await stores.lookups.link(input_file, "job", claimed_ms=1, now_s=NOW_S)
    lookup = await stores.lookups.get(input_file, now_s=NOW_S, consistent=True)
    assert lookup is not None
    dynamodb = await shared_aws.dynamodb()
    marks = DeletionMarks(dynamodb, lookup_table=stack.input_file_table, status_table=stack.status_table)
    assert await marks.request(lookup, now_s=NOW_S)
    await stores.lookups.end(input_file, "job", Status.COMPLETE, now_s=NOW_S)
    assert await stores.lookups.get(input_file, now_s=NOW_S + TOMBSTONE_S, include_deleted=True) is None
