"""Announcements that are sent again, for a receiver that lost them: it reads the rows of the jobs that ended since.

No AWS type passes this boundary. It reads the whole table, page by page, so only an operator's command uses it.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from transcode.announcement_types import TYPE_OF_END
from transcode.dynamodb import Condition, decode
from transcode.job import FINAL
from transcode.outbox import OUTBOX_PREFIX, OutboxEntry
from transcode.permissions import Resource, allow
from transcode.status_table import job_from_row
from worker.announce.unannounced import UnannouncedJob, entry_from_row

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:Scan", "dynamodb:UpdateItem", on=[Resource.STATUS_TABLE]) | allow(
    "dynamodb:GetItem", on=[Resource.INPUT_FILE_TABLE]
)
"""For `python -m worker.webhooks`: rows to replay, the rows of their uploads, and the mark of a stopped endpoint."""


async def ended_since(
    client: "DynamoDBClient", table: str, *, since_s: int
) -> AsyncIterator[UnannouncedJob | OutboxEntry]:
    """Yield each end of a job or of an upload since then (Unix seconds), in no order."""
    condition = Condition()
    is_end = f"{condition.compare('UpdatedTime', '>=', since_s)} AND {_is_final(condition)}"
    is_entry = f"begins_with({condition.name('JobId')}, {condition.value(OUTBOX_PREFIX)})"
    is_new = condition.compare("CreationTime", ">=", since_s)
    filters = f"({is_end}) OR ({is_entry} AND {is_new})"
    request = {"TableName": table, "FilterExpression": filters, **condition.request()}
    while True:
        response = await client.scan(**request)
        for row in map(decode, response.get("Items", ())):
            if row["JobId"].startswith(OUTBOX_PREFIX):
                yield entry_from_row(row)
            else:
                job = job_from_row(row)
                yield UnannouncedJob(job=job, types=(TYPE_OF_END[job.status],))
        if not response.get("LastEvaluatedKey"):
            return
        request["ExclusiveStartKey"] = response["LastEvaluatedKey"]


def _is_final(condition: Condition) -> str:
    statuses = ", ".join(condition.value(status.value) for status in sorted(FINAL))
    return f"{condition.name('JobStatus')} IN ({statuses})"
