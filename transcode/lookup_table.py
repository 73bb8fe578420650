"""The table that maps an input file to its newest job, and stores an announced upload until its object arrives.

An index, UploadsByCaller, contains the files of each caller, newest first. Its keys are ListedFor and ListedAt, which
never change, and it has two more attributes: ExternalId, and Stage. Stage is OPEN from the file's object to the end of
its newest job, and then the status with which the job ended; before the object, the row has none. The status of a job
is in its own row: the index only says which rows a list may skip. No AWS type passes this boundary.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from transcode.announcement_types import AnnouncementType
from transcode.attempt import (
    END,
    WAITING,
    AnotherVersionError,
    JobExistsError,
    outbox_entry,
    require_no_job_of_version,
    require_version,
    undeleted,
)
from transcode.dynamodb import Condition, Update, decode, encode, old_item, set_or_remove
from transcode.errors import RetriesExhaustedError
from transcode.job import Failure, Status
from transcode.lifetimes import Lifetimes
from transcode.listing import OPEN_STAGE, listed_at, listed_for
from transcode.lookup import Lookup
from transcode.lookup_row import announced_row, had_job_of_version, is_file, lookup_from_row
from transcode.outbox import OutboxEntry
from transcode.permissions import Resource, allow
from transcode.row_mapping import attributes_of

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[Resource.INPUT_FILE_TABLE])
"""For reading a file and linking its jobs."""
ANNOUNCING = allow("dynamodb:DeleteItem", "dynamodb:PutItem", on=[Resource.INPUT_FILE_TABLE])
"""For announcing and aborting uploads, in addition."""


class LookupTable:
    """Input files and the newest job of each."""

    def __init__(
        self, client: "DynamoDBClient", table: str, lifetimes: Lifetimes, *, outbox_table: str | None = None
    ) -> None:
        """`outbox_table` gets a row for each attempt that ends without a job; None if no end is announced."""
        self._client = client
        self.table = table
        self._outbox_table = outbox_table
        self._lifetimes = lifetimes

    async def announce(self, lookup: Lookup, *, now_s: float, good_for_s: int = 0, unless_exists: bool = False) -> None:
        """Store an announced upload.

        The upload may begin within `good_for_s` seconds. From then on, the row keeps name and owner for as long as the
        message of its object can wait. With `unless_exists`, a row that is there stays as it is. The list of uploads is
        in the order of `now_s`, to the millisecond.
        """
        expires_s = int(now_s) + good_for_s + self._lifetimes.waiting_s
        row = announced_row(lookup, now_s=now_s, expires_s=expires_s)
        unknown = Condition()
        unknown.where(unknown.absent("InputFile"))
        condition = unknown.request() if unless_exists else {}
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            await self._client.put_item(TableName=self.table, Item=encode(row), **condition)

    async def get(
        self, input_file: str, *, now_s: int, consistent: bool = False, include_deleted: bool = False
    ) -> Lookup | None:
        """Return the file's record; None if there is none, or the row has expired.

        `include_deleted` also returns the record of an upload that is deleted, or whose deletion was requested.
        """
        response = await self._client.get_item(
            TableName=self.table, Key={"InputFile": {"S": input_file}}, ConsistentRead=consistent
        )
        row = decode(response.get("Item", {}))
        is_found = is_file(row, now_s=now_s, include_deleted=include_deleted)
        return lookup_from_row(row) if is_found else None

    async def queue(
        self, input_file: str, *, claimed_ms: int, claim_id: str | None = None, now_s: int, version: str | None = None
    ) -> Lookup:
        """Record that the file's object was seen, and that its job is not created yet; return the row. Safe to repeat.

        `version` is the object's version; None for a requested retry. An announced file accepts one version: the row
        is written by one conditional update, so one of several workers with different versions succeeds.

        The file is queued since the time of the claim. This changes nothing if a job or a failure of the same claim, or
        anything of a later claim, was recorded. The row keeps name and owner for as long as the upload can wait.

        Raises:
            AnotherVersionError: The file was announced, and the worker has accepted another version of it.
            UploadDeletedError: The upload is deleted.
            JobExistsError: The version had a job, whose claim has expired.
        """
        update = Update().set(QueuedTime=claimed_ms // 1000, ClaimId=claim_id, Version=version, Stage=OPEN_STAGE)
        update.remove("JobId", *END)
        require_version(update, version, claimed_ms=claimed_ms)
        require_no_job_of_version(update, version, claimed_ms=claimed_ms)
        same_claim = update.compare("ClaimedTime", "=", claimed_ms)
        update.where(
            update.absent("ClaimedTime"),
            update.compare("ClaimedTime", "<", claimed_ms),
            update.all_of(same_claim, *map(update.absent, ("JobId", "ErrorCode", "CanceledTime"))),
        )
        row = await self._record(input_file, update, claimed_ms=claimed_ms, now_s=now_s)
        lookup = undeleted({"InputFile": input_file, **row})
        if version is not None and had_job_of_version(row, version, claimed_ms=claimed_ms):
            raise JobExistsError(input_file)
        is_same = lookup.version == version or (lookup.version is None and lookup.claimed_ms == claimed_ms)
        if version is not None and lookup.is_announced and not is_same:
            raise AnotherVersionError(input_file)
        return lookup

    async def link(self, input_file: str, job_id: str, *, claimed_ms: int, now_s: int) -> Lookup:
        """Record the file's newest job, unless a later claim of the same file was recorded. Safe to repeat.

        Return the row. It keeps a request to cancel the attempt, because the worker must still act on it.

        Raises:
            UploadDeletedError: The upload is deleted, so its job must end.
        """
        update = Update().set(JobId=job_id, Stage=OPEN_STAGE).remove(*WAITING, *END)
        row = await self._record(input_file, update, claimed_ms=claimed_ms, now_s=now_s)
        return undeleted({"InputFile": input_file, **row})

    async def refuse(
        self, input_file: str, failure: Failure, *, claimed_ms: int, now_s: int, version: str | None = None
    ) -> str | None:
        """Record that no job can be created for the file, unless a later claim was recorded. Safe to repeat.

        With a `version`, this also changes nothing if the file was announced and another version was accepted.
        Return the key of the row that requests the announcement, if one was written.
        """
        update = Update().set(**attributes_of(failure), Stage=Status.ERROR.value)
        update.remove("JobId", "CanceledTime", *WAITING)
        require_version(update, version, claimed_ms=claimed_ms)
        if failure.reason is None:
            update.remove("ErrorReason")
        entry = outbox_entry(
            AnnouncementType.JOB_ERROR, input_file, claimed_ms=claimed_ms, now_s=now_s, failure=failure
        )
        return await self._end(update, entry, claimed_ms=claimed_ms)

    async def request_cancel(self, lookup: Lookup) -> bool:
        """Record that a caller wants no job for this attempt; return False if the row has changed. Safe to repeat."""
        update = Update().set(CancelRequestedFor=lookup.attempt)
        update.where(update.compare("ClaimedTime", "=", lookup.claimed_ms))
        for attribute in ("JobId", "ErrorCode", "CanceledTime"):
            update.where(update.absent(attribute))
        try:
            await self._update(lookup.input_file, update)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    async def cancel(self, input_file: str, *, claimed_ms: int, now_s: int) -> str | None:
        """Record that the file's attempt ended without a job, unless a later claim was recorded. Safe to repeat.

        Only a caller that has refused the claim may call this: no job of the claim can follow.
        Return the key of the row that requests the announcement, if one was written.
        """
        update = Update().set(CanceledTime=now_s, Stage=Status.CANCELED.value)
        update.remove("JobId", "ErrorCode", "ErrorMessage", "ErrorReason", *WAITING)
        entry = outbox_entry(AnnouncementType.JOB_CANCELED, input_file, claimed_ms=claimed_ms, now_s=now_s)
        return await self._end(update, entry, claimed_ms=claimed_ms)

    async def end(self, input_file: str, job_id: str, status: Status, *, now_s: int) -> None:
        """Record with which status the file's newest job ended, unless the file has another job. Safe to repeat."""
        update = Update().set(Stage=status.value)
        if status is Status.COMPLETE:
            update.expire(self._lifetimes.complete(now_s=now_s))
        update.where(update.compare("JobId", "=", job_id)).where(update.absent("DeleteRequestedTime"))
        await self._write_if(input_file, update)

    async def describe(self, lookup: Lookup, *, known_revision: int) -> Lookup | None:
        """Store the names and labels of the row, and count its revision; return the row after that.

        Return None, and change nothing, if the row has no longer the known revision, or doesn't exist. This also puts
        the file of an earlier release into the index.
        """
        update = Update().set(Revision=known_revision + 1, ListedFor=listed_for(lookup.owner))
        update.set_once(ListedAt=listed_at(lookup.input_file, created_ms=1000 * (lookup.announced_s or 0)))
        update.set_once(Stage=OPEN_STAGE if lookup.claimed_ms is not None else None)
        set_or_remove(
            update, FileName=lookup.file_name, ExternalId=lookup.external_id, Metadata=dict(lookup.metadata) or None
        )
        update.where(update.present("InputFile")).where(update.absent("DeleteRequestedTime"))
        update.where(
            update.compare("Revision", "=", known_revision), *([] if known_revision else [update.absent("Revision")])
        )
        try:
            row = await self._update(lookup.input_file, update)
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return lookup_from_row(row)

    async def complete(self, input_file: str, *, now_s: int) -> bool:
        """Record that a multipart upload was completed; return whether this call recorded it. Safe to repeat."""
        update = Update().set(UploadedTime=now_s)
        update.where(update.present("InputFile")).where(update.absent("UploadedTime"))
        try:
            await self._client.update_item(
                TableName=self.table, Key={"InputFile": {"S": input_file}}, **update.request()
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    async def forget(self, lookup: Lookup) -> bool:
        """Delete the record of an aborted multipart upload, unless its object exists after all.

        Return whether this call deleted it. Safe to repeat.
        """
        condition = Condition()
        condition.where(condition.compare("UploadId", "=", lookup.upload_id))
        for attribute in ("UploadedTime", "ClaimedTime", "JobId"):
            condition.where(condition.absent(attribute))
        key = {"InputFile": {"S": lookup.input_file}}
        try:
            await self._client.delete_item(TableName=self.table, Key=key, **condition.request())
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    async def request(self, lookup: Lookup, *, replaces: str, now_s: int) -> None:
        """Record that another job was requested for the file, unless a later claim was recorded. Safe to repeat.

        A late delivery of the replaced job's own message can't restore it, because the recorded claim time becomes one
        millisecond later than that job's.
        """
        update = Update().set(Replaces=replaces, QueuedTime=now_s, ClaimedTime=(lookup.claimed_ms or 0) + 1)
        update.set(Stage=OPEN_STAGE).expire(self._lifetimes.with_source(now_s=now_s))
        update.remove("JobId", "ClaimId", *END)
        update.where(update.compare("ClaimedTime", "=", lookup.claimed_ms))
        update.where(update.absent("DeleteRequestedTime"))
        await self._write_if(lookup.input_file, update)

    async def count_retry(self, input_file: str, *, replaces: str, limit: int) -> None:
        """Count a request for another job of the file. A repeated request for the same replaced job counts once.

        A file whose row has expired has no count.

        Raises:
            RetriesExhaustedError: `limit` other jobs of the file were replaced.
        """
        update = Update().add("Retried", [replaces])
        update.where(update.present("InputFile"))
        room = [update.absent("Retried")] if limit else []
        update.where(update.contains("Retried", replaces), update.smaller_than("Retried", limit), *room)
        try:
            await self._client.update_item(
                TableName=self.table,
                Key={"InputFile": {"S": input_file}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **update.request(),
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            if old_item(error):
                raise RetriesExhaustedError from error

    async def _end(self, update: Update, entry: OutboxEntry, *, claimed_ms: int) -> str | None:
        """Record the end of an attempt and, in the same transaction, the request to announce it."""
        if self._outbox_table is None:
            await self._record(entry.input_file, update, claimed_ms=claimed_ms, now_s=entry.time_s)
            return None
        self._require_claim(entry.input_file, update, claimed_ms=claimed_ms, now_s=entry.time_s)
        row = {"TableName": self.table, "Key": {"InputFile": {"S": entry.input_file}}, **update.request()}
        items: Any = [{"Update": row}, {"Update": entry.put(self._outbox_table)}]
        try:
            await self._client.transact_write_items(TransactItems=items)
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = [each.get("Code") for each in error.response.get("CancellationReasons", [])]
            if "ConditionalCheckFailed" in reasons:
                return None
            raise
        return entry.key

    def _require_claim(self, input_file: str, update: Update, *, claimed_ms: int, now_s: int) -> None:
        update.set(ClaimedTime=claimed_ms).expire(self._lifetimes.with_source(now_s=now_s))
        # An object that no caller announced has no row yet, and no owner.
        place = listed_at(input_file, created_ms=1000 * now_s)
        update.set_once(CreationTime=now_s, ListedFor=listed_for(None), ListedAt=place)
        update.where(update.absent("ClaimedTime"), update.compare("ClaimedTime", "<=", claimed_ms))
        update.where(update.absent("DeleteRequestedTime"))

    async def _record(self, input_file: str, update: Update, *, claimed_ms: int, now_s: int) -> Mapping[str, Any]:
        self._require_claim(input_file, update, claimed_ms=claimed_ms, now_s=now_s)
        # The condition fails for a redelivered notification of an older object. The file's newest job stays.
        return await self._write_if(input_file, update)

    async def _write_if(self, input_file: str, update: Update) -> Mapping[str, Any]:
        """Write the update if its condition holds; otherwise leave the row as it is. Return the row after that."""
        try:
            return await self._update(input_file, update)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return old_item(error)

    async def _update(self, input_file: str, update: Update) -> Mapping[str, Any]:
        response = await self._client.update_item(
            TableName=self.table,
            Key={"InputFile": {"S": input_file}},
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **update.request(),
        )
        return decode(response["Attributes"])
