"""The index of open jobs on a real emulator: which rows are in it, and what its maintenance costs."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from deploy.cost import aws_call_counts as counts
from local.provision import Stack
from transcode.aws import Aws
from transcode.job import (
    Canceled,
    Completed,
    Failed,
    Failure,
    Job,
    JobEvent,
    JobWarning,
    Output,
    Progressed,
    Status,
    WarningRaised,
)
from transcode.outbox import OPEN_SHARDS, open_shard
from transcode.status_table import StatusTable
from worker.reconcile.open_jobs import OpenJobs
from worker.reconcile.overdue import OpenJob

from .stores import LIFETIMES, OUTPUT_TTL_S

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

NOW_S = int(time.time())
ENDS = [
    Completed(job_id="", time_ms=9, output=Output(path="o/")),
    Failed(job_id="", time_ms=9, failure=Failure(code=1010, message="unreadable")),
    Canceled(job_id="", time_ms=9),
]


class Measured:
    """A status table, its index, and the write units that each write of the index has taken."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.client, self.table = client, table
        self.index_units: list[float] = []
        self.statuses = StatusTable(client, table, LIFETIMES)
        self.open_jobs = OpenJobs(client, table)
        client.meta.events.register("provide-client-params.dynamodb.UpdateItem", _with_capacity)
        client.meta.events.register("after-call.dynamodb.UpdateItem", self._note)

    def _note(self, parsed: Mapping[str, Any], **_: object) -> None:
        capacity = parsed.get("ConsumedCapacity", {})
        self.index_units.append(
            sum(each["CapacityUnits"] for each in capacity.get("GlobalSecondaryIndexes", {}).values())
        )

    async def advance(self, event: JobEvent, job_id: str) -> None:
        """Apply the event to the job."""
        await self.statuses.advance(_about(event, job_id), now_s=NOW_S)

    async def row(self, job_id: str) -> Mapping[str, Any]:
        """Return the job's row in DynamoDB's form."""
        response = await self.client.get_item(TableName=self.table, Key={"JobId": {"S": job_id}}, ConsistentRead=True)
        return response["Item"]

    async def is_open(self, job_id: str) -> bool:
        """Return whether the index contains the job."""
        return job_id in await opened_before(self.open_jobs, NOW_S)


async def opened_before(open_jobs: OpenJobs, time_s: int) -> set[str]:
    """Return the ids in all batches."""
    return {job_id async for batch in open_jobs.opened_before(time_s) for job_id in batch}


def _with_capacity(params: dict[str, Any], **_: object) -> None:
    params["ReturnConsumedCapacity"] = "INDEXES"


def _about(event: Any, job_id: str) -> Any:  # noqa: ANN401 -- any event
    return type(event)(**{name: getattr(event, name) for name in event.__slots__} | {"job_id": job_id})


@pytest.fixture
async def measured(worker_aws: Aws, stack: Stack) -> Measured:
    """Return the shared stack's status table, with a client of its own."""
    return Measured(await worker_aws.dynamodb(), stack.status_table)


async def test_progress_changes_no_key_of_the_index_and_costs_no_write_of_it(measured: Measured, job_id: str) -> None:
    """Opening the row writes the index once, and so does the end; the hundred events between them don't."""
    await measured.statuses.submit(Job(job_id=job_id), now_s=NOW_S)
    before = await measured.row(job_id)
    for percent in range(100):
        await measured.advance(Progressed(job_id="", time_ms=1 + percent, percent=percent, phase="TRANSCODING"), job_id)
    await measured.advance(WarningRaised(job_id="", time_ms=200, warning=JobWarning(code=1)), job_id)
    after = await measured.row(job_id)
    await measured.advance(Canceled(job_id="", time_ms=300), job_id)
    assert [(row["OpenShard"], row["CreationTime"]) for row in (before, after)] == [
        ({"N": str(open_shard(job_id))}, {"N": str(NOW_S)})
    ] * 2
    assert measured.index_units == [1, *[0] * 101, 1]
    assert sum(measured.index_units) == counts.OPEN_INDEX_WRITES


@pytest.mark.parametrize("end", ENDS, ids=lambda end: type(end).__name__)
async def test_an_ended_job_leaves_the_index_and_never_returns(measured: Measured, job_id: str, end: JobEvent) -> None:
    """Neither a late event nor a repeated submission opens it again."""
    await measured.statuses.submit(Job(job_id=job_id), now_s=NOW_S)
    assert await measured.is_open(job_id)
    await measured.open_jobs.record_check(job_id, Status.SUBMITTED, now_s=NOW_S)
    await measured.advance(end, job_id)
    await measured.advance(Progressed(job_id="", time_ms=99, percent=50), job_id)
    await measured.advance(WarningRaised(job_id="", time_ms=99, warning=JobWarning(code=1)), job_id)
    await measured.statuses.submit(Job(job_id=job_id, input_file="uploads/1/a.mp4"), now_s=NOW_S)
    await measured.open_jobs.record_check(job_id, Status.PROGRESSING, now_s=NOW_S)
    await measured.open_jobs.add(job_id)
    row = await measured.row(job_id)
    assert not {"OpenShard", "CheckedTime", "CheckedStatus"} & set(row)
    assert row["InputFile"] == {"S": "uploads/1/a.mp4"}
    assert not await measured.is_open(job_id)


@pytest.mark.parametrize(
    "first",
    [Progressed(job_id="", time_ms=1), WarningRaised(job_id="", time_ms=1, warning=JobWarning(code=1))],
    ids=lambda first: type(first).__name__,
)
async def test_an_event_that_opens_the_row_puts_it_into_the_index(
    measured: Measured, job_id: str, first: JobEvent
) -> None:
    """MediaConvert's first event can overtake our own write."""
    await measured.advance(first, job_id)
    assert await measured.is_open(job_id)


@pytest.mark.parametrize("way", ["event", "listing"])
async def test_a_row_that_was_open_before_the_index_existed_enters_it(
    measured: Measured, job_id: str, way: str
) -> None:
    """With its first event, or when an operator lists the jobs; a second time changes nothing."""
    await measured.statuses.submit(Job(job_id=job_id), now_s=NOW_S)
    await measured.client.update_item(
        TableName=measured.table, Key={"JobId": {"S": job_id}}, UpdateExpression="REMOVE OpenShard"
    )
    assert not await measured.is_open(job_id)
    for _ in range(2):
        if way == "event":
            await measured.advance(Progressed(job_id="", time_ms=1), job_id)
        else:
            await measured.open_jobs.add(job_id)
    assert await measured.is_open(job_id)


async def test_a_job_without_a_row_is_not_added(measured: Measured, job_id: str) -> None:
    """A row with nothing but an index key would be no job."""
    await measured.open_jobs.add(job_id)
    await measured.open_jobs.record_check(job_id, None, now_s=NOW_S)
    assert await measured.open_jobs.read([job_id], now_s=NOW_S) == []


async def test_a_row_says_when_the_job_was_last_known(measured: Measured, job_id: str) -> None:
    """The time of the last event, and the time and the result of the last check."""
    await measured.statuses.submit(Job(job_id=job_id), now_s=NOW_S)
    expected = OpenJob(job_id=job_id, status=Status.SUBMITTED, news_s=NOW_S)
    assert await measured.open_jobs.read([job_id], now_s=NOW_S) == [expected]
    await measured.open_jobs.record_check(job_id, Status.PROGRESSING, now_s=NOW_S + 5)
    (checked,) = await measured.open_jobs.read([job_id], now_s=NOW_S)
    assert (checked.checked_s, checked.checked_status) == (NOW_S + 5, Status.PROGRESSING)
    await measured.open_jobs.record_check(job_id, None, now_s=NOW_S + 6)
    (missing,) = await measured.open_jobs.read([job_id], now_s=NOW_S)
    assert (missing.checked_s, missing.checked_status) == (NOW_S + 6, None)


async def test_an_expired_row_is_not_open(measured: Measured, job_id: str) -> None:
    """DynamoDB deletes expired rows late."""
    await measured.statuses.submit(Job(job_id=job_id), now_s=NOW_S)
    assert await measured.open_jobs.read([job_id], now_s=NOW_S + OUTPUT_TTL_S) == []


async def test_a_younger_job_is_not_returned(measured: Measured, job_id: str) -> None:
    """The sort key excludes jobs that can't be overdue yet."""
    await measured.statuses.submit(Job(job_id=job_id), now_s=NOW_S)
    assert job_id not in await opened_before(measured.open_jobs, NOW_S - 1)


def test_job_ids_are_spread_over_the_shards() -> None:
    """MediaConvert's ids begin with the time; no shard has more than twice its part."""
    shards = [open_shard(f"{1_763_798_400_000 + number * 13}-a1b2c3") for number in range(16_000)]
    assert set(shards) == set(range(OPEN_SHARDS))
    assert max(map(shards.count, range(OPEN_SHARDS))) < 2_000


async def test_a_shard_is_read_to_its_end(measured: Measured, stack: Stack, worker_aws: Aws, job_id: str) -> None:
    """A Query returns a megabyte at most; the store follows the pages."""
    client = await worker_aws.dynamodb()
    client.meta.events.register("provide-client-params.dynamodb.Query", lambda params, **_: params.update(Limit=1))
    ids = [f"{job_id}-{number}" for number in range(40)]
    for each in ids:
        await measured.statuses.submit(Job(job_id=each), now_s=NOW_S)
    assert set(ids) <= await opened_before(OpenJobs(client, stack.status_table), NOW_S)
