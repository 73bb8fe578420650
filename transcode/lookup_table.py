"""The table that finds a job by its input file, and remembers an announced upload until its object comes.

No AWS type passes this boundary.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from transcode.dynamodb import Condition, Lifetimes, Update, decode, encode
from transcode.job import Failure
from transcode.lookup import Lookup
from transcode.permissions import Resource, allow
from transcode.row_mapping import attributes_of, shape_of

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[Resource.INPUT_FILE_TABLE])
"""What following a file's jobs takes."""
ANNOUNCING = allow("dynamodb:DeleteItem", "dynamodb:PutItem", on=[Resource.INPUT_FILE_TABLE])
"""What beginning and aborting uploads takes beside it."""


class LookupTable:
    """Input files and the newest job of each."""

    def __init__(self, client: "DynamoDBClient", table: str, lifetimes: Lifetimes) -> None:
        self._client = client
        self.table = table
        self._lifetimes = lifetimes

    async def announce(self, lookup: Lookup, *, now_s: int, good_for_s: int = 0) -> None:
        """Remember an upload whose object is still to come, for longer than the `good_for_s` in which it may begin."""
        row = {
            "InputFile": lookup.input_file,
            "FileName": lookup.file_name,
            "Owner": lookup.owner,
            "UploadId": lookup.upload_id,
            "SizeBytes": lookup.size_bytes,
            "CreationTime": now_s,
            "ExpirationTime": now_s + good_for_s + self._lifetimes.changed_s,
        }
        await self._client.put_item(TableName=self.table, Item=encode(row))

    async def get(self, input_file: str, *, now_s: int, consistent: bool = False) -> Lookup | None:
        """Return what is known of the file; None where nothing is, or the row has expired."""
        answer = await self._client.get_item(
            TableName=self.table, Key={"InputFile": {"S": input_file}}, ConsistentRead=consistent
        )
        row = decode(answer.get("Item", {}))
        if not row or row["ExpirationTime"] <= now_s:
            return None
        return lookup_from_row(row)

    async def link(self, input_file: str, job_id: str, *, claimed_ms: int, now_s: int) -> None:
        """Let the file find this job, unless a later claim of the same file was recorded. Safe to repeat."""
        update = Update().set(JobId=job_id).remove("ErrorCode", "ErrorMessage", "Replaces")
        await self._record(input_file, update, claimed_ms=claimed_ms, now_s=now_s)

    async def refuse(self, input_file: str, failure: Failure, *, claimed_ms: int, now_s: int) -> None:
        """Record that no job can be made of the file, unless a later claim was recorded. Safe to repeat."""
        update = Update().set(**attributes_of(failure)).remove("JobId", "Replaces")
        await self._record(input_file, update, claimed_ms=claimed_ms, now_s=now_s)

    async def complete(self, input_file: str, *, now_s: int) -> None:
        """Record that a multipart upload was completed. Safe to repeat."""
        update = Update().set(UploadedTime=now_s)
        update.where(update.present("InputFile"))
        await self._write_if(input_file, update)

    async def forget(self, lookup: Lookup) -> None:
        """Forget a multipart upload that was aborted, unless it was completed meanwhile. Safe to repeat."""
        condition = Condition()
        condition.where(condition.compare("UploadId", "=", lookup.upload_id))
        condition.where(condition.absent("UploadedTime")).where(condition.absent("JobId"))
        key = {"InputFile": {"S": lookup.input_file}}
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            await self._client.delete_item(TableName=self.table, Key=key, **condition.request())

    async def request(self, lookup: Lookup, *, replaces: str, now_s: int) -> None:
        """Let the file show that another try was asked for, unless its job is made already. Safe to repeat.

        The job or error that is replaced can't come back by a message of its own that is delivered late: the time of
        its claim is passed by a millisecond.
        """
        update = Update().set(Replaces=replaces, ClaimedTime=(lookup.claimed_ms or 0) + 1)
        update.set(ExpirationTime=now_s + self._lifetimes.waiting_s)
        update.remove("JobId", "ErrorCode", "ErrorMessage")
        update.where(update.compare("ClaimedTime", "=", lookup.claimed_ms))
        await self._write_if(lookup.input_file, update)

    async def _record(self, input_file: str, update: Update, *, claimed_ms: int, now_s: int) -> None:
        update.set(ClaimedTime=claimed_ms, ExpirationTime=now_s + self._lifetimes.waiting_s)
        update.set_once(CreationTime=now_s)
        update.where(update.absent("ClaimedTime"), update.compare("ClaimedTime", "<=", claimed_ms))
        # Where it fails: a redelivered notification of an older object. The file's newest job stays.
        await self._write_if(input_file, update)

    async def _write_if(self, input_file: str, update: Update) -> None:
        """Write if the update's condition holds; a row that has moved on stays as it is."""
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            await self._client.update_item(
                TableName=self.table, Key={"InputFile": {"S": input_file}}, **update.request()
            )


def lookup_from_row(row: Mapping[str, Any]) -> Lookup:
    """Return the input file that a row of the lookup table describes."""
    return shape_of(
        Lookup,
        row,
        failure=shape_of(Failure, row) if "ErrorCode" in row else None,
        is_uploaded="UploadedTime" in row,
    )
