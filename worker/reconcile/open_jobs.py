"""The index of open jobs in the status table: reconciliation's list of the jobs that are not over.

No AWS type passes this boundary.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from transcode.dynamodb import Condition, Update, decode, encode
from transcode.job import FINAL, Status
from transcode.lifetimes import has_expired
from transcode.outbox import OPEN_SHARDS, open_shard
from transcode.permissions import Resource, allow
from transcode.status_table import OPEN_INDEX
from worker.reconcile.overdue import OpenJob

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:Query", on=[Resource.OPEN_JOBS_INDEX]) | allow(
    "dynamodb:BatchGetItem", "dynamodb:UpdateItem", on=[Resource.STATUS_TABLE]
)

BATCH_SIZE = 100
"""The maximum of BatchGetItem."""
FIRST_PAUSE_S = 0.05
MAX_PAUSE_S = 2.0


class OpenJobs:
    """The jobs in the index of open jobs, and what reconciliation records on their rows."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    async def opened_before(self, time_s: int) -> AsyncGenerator[list[str], None]:
        """Yield the ids of the open jobs whose rows were created until then (Unix seconds), in batches for `read`.

        This takes one Query for each shard, and another one for each further megabyte of a shard's entries, which is
        about 10,000 jobs. The shards come in random order, and each shard's oldest jobs come first. The index lags
        behind the table: a job that has just ended may be among them.
        """
        batch: list[str] = []
        for shard in random.sample(range(OPEN_SHARDS), OPEN_SHARDS):
            async for job_ids in self._shard(shard, time_s):
                batch.extend(job_ids)
                while len(batch) >= BATCH_SIZE:
                    yield batch[:BATCH_SIZE]
                    batch = batch[BATCH_SIZE:]
        if batch:
            yield batch

    async def read(self, job_ids: Sequence[str], *, now_s: int) -> list[OpenJob]:
        """Return the jobs as their rows describe them, without those that left the index or have expired.

        This takes one BatchGetItem of a hundred jobs at most, with eventual consistency. A job with a final status is
        in the index only if a version of the program that doesn't know the index has ended it.
        """
        rows = await self._rows(job_ids)
        jobs = [row for row in rows if "JobStatus" in row and "OpenShard" in row]
        return [_open_job(row) for row in jobs if not has_expired(row, now_s=now_s)]

    async def record_check(self, job_id: str, status: Status | None, *, now_s: int) -> None:
        """Record that MediaConvert was asked, and the job's status there; do nothing if the job is over."""
        update = Update().set(CheckedTime=now_s, CheckedStatus=status)
        if status is None:
            update.remove("CheckedStatus")
        update.where(update.present("OpenShard"))
        await self._update(job_id, update)

    async def add(self, job_id: str) -> None:
        """Add the job to the index, if its row exists and isn't final. Safe to repeat."""
        update = Update().set_once(OpenShard=open_shard(job_id))
        update.where(update.present("JobStatus")).where(update.not_in("JobStatus", FINAL))
        await self._update(job_id, update)

    async def remove(self, job_id: str) -> None:
        """Remove the job from the index, if its row is final. Safe to repeat."""
        update = Update().remove("OpenShard", "CheckedTime", "CheckedStatus")
        update.where(*(update.compare("JobStatus", "=", status) for status in sorted(FINAL)))
        await self._update(job_id, update)

    async def _shard(self, shard: int, time_s: int) -> AsyncGenerator[list[str], None]:
        condition = Condition()
        keys = f"{condition.compare('OpenShard', '=', shard)} AND {condition.compare('CreationTime', '<=', time_s)}"
        request: dict[str, Any] = {"IndexName": OPEN_INDEX, "KeyConditionExpression": keys, **condition.request()}
        while True:
            response = await self._client.query(TableName=self._table, **request)
            yield [decode(item)["JobId"] for item in response.get("Items", ())]
            if not response.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    async def _rows(self, job_ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Return the rows that exist, and ask again for keys that DynamoDB leaves unprocessed, until all are read."""
        unprocessed: Mapping[str, Any] = {self._table: {"Keys": [encode({"JobId": job_id}) for job_id in job_ids]}}
        rows: list[Mapping[str, Any]] = []
        pause_s = FIRST_PAUSE_S
        while True:
            response = await self._client.batch_get_item(RequestItems=unprocessed)
            rows.extend(map(decode, response.get("Responses", {}).get(self._table, ())))
            unprocessed = response.get("UnprocessedKeys", {})
            if not unprocessed:
                return rows
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MAX_PAUSE_S)

    async def _update(self, job_id: str, update: Update) -> None:
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            await self._client.update_item(TableName=self._table, Key=encode({"JobId": job_id}), **update.request())


def _open_job(row: Mapping[str, Any]) -> OpenJob:
    return OpenJob(
        job_id=row["JobId"],
        status=Status(row["JobStatus"]),
        news_s=int(row["UpdatedTime"]),
        checked_s=int(row["CheckedTime"]) if "CheckedTime" in row else None,
        checked_status=Status(row["CheckedStatus"]) if "CheckedStatus" in row else None,
        is_announced="Unannounced" not in row,
    )
