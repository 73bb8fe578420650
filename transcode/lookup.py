"""The table that finds a job by its input file, and remembers an announced upload until its object comes.

No AWS type passes this boundary. IAM: dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem on the lookup table.
"""

from typing import TYPE_CHECKING

from transcode.dynamodb import Lifetimes, Update, decode, encode
from transcode.job import Failure
from transcode.upload import Lookup

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


class LookupTable:
    """Input files and the newest job of each."""

    def __init__(self, client: "DynamoDBClient", table: str, lifetimes: Lifetimes) -> None:
        self._client = client
        self.table = table
        self._lifetimes = lifetimes

    async def announce(self, lookup: Lookup, *, now_s: int) -> None:
        """Remember an upload whose object is still to come."""
        row = {
            "InputFile": lookup.input_file,
            "FileName": lookup.file_name,
            "Owner": lookup.owner,
            "CreationTime": now_s,
            "ExpirationTime": now_s + self._lifetimes.changed_s,
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
        return Lookup(
            input_file=row["InputFile"],
            job_id=row.get("JobId"),
            file_name=row.get("FileName"),
            owner=row.get("Owner"),
            failure=Failure(code=int(row["ErrorCode"]), message=row["ErrorMessage"]) if "ErrorCode" in row else None,
            announced_s=int(row["CreationTime"]),
        )

    async def link(self, input_file: str, job_id: str, *, claimed_ms: int, now_s: int) -> None:
        """Let the file find this job, unless a later claim of the same file was recorded. Safe to repeat."""
        update = Update().set(JobId=job_id).remove("ErrorCode", "ErrorMessage")
        await self._record(input_file, update, claimed_ms=claimed_ms, now_s=now_s)

    async def refuse(self, input_file: str, failure: Failure, *, claimed_ms: int, now_s: int) -> None:
        """Record that no job can be made of the file, unless a later claim was recorded. Safe to repeat."""
        update = Update().set(ErrorCode=failure.code, ErrorMessage=failure.message).remove("JobId")
        await self._record(input_file, update, claimed_ms=claimed_ms, now_s=now_s)

    async def _record(self, input_file: str, update: Update, *, claimed_ms: int, now_s: int) -> None:
        update.set(ClaimedTime=claimed_ms, ExpirationTime=now_s + self._lifetimes.waiting_s)
        update.set_once(CreationTime=now_s)
        update.where(update.absent("ClaimedTime"), update.compare("ClaimedTime", "<=", claimed_ms))
        try:
            await self._client.update_item(
                TableName=self.table, Key={"InputFile": {"S": input_file}}, **update.request()
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            # A redelivered notification of an older object: the file's newest job stays.
            return
