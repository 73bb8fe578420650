"""The rows of deleted uploads: marks, tombstones, and the rows that are removed.

A tombstone keeps the key of its row, so that a late event or message finds it and restores nothing. It has nothing
that describes the video. No AWS type passes this boundary.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from transcode.deletion_marks import TOMBSTONE_S
from transcode.dynamodb import Update, decode
from transcode.job import FINAL, Status
from transcode.permissions import Resource, allow
from worker.deletion.marked_upload import MarkedUpload, marked_upload
from worker.key_table import CLAIM_PREFIX

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow(
    "dynamodb:GetItem", "dynamodb:UpdateItem", on=[Resource.INPUT_FILE_TABLE, Resource.STATUS_TABLE]
) | (allow("dynamodb:DeleteItem", on=[Resource.OUTPUT_TABLE]))

KEPT_OF_UPLOAD = frozenset(
    {"InputFile", "Owner", "Announced", "CreationTime", "DeleteRequestedTime", "DeletedTime", "DeletedJobs"}
)
"""Attributes that a tombstone keeps: the owner may repeat the request, and the audit looks for the jobs."""
KEPT_OF_JOB = frozenset({"JobId", "JobStatus", "EventTime", "CreationTime", "DeletedTime"})


class JobStillNeededError(Exception):
    """The job has not ended, or its end is not announced, so its row can't become a tombstone yet."""


class DeletedRows:
    """The three tables, for the worker's deletions. Every method is safe to repeat."""

    def __init__(self, client: "DynamoDBClient", *, lookup_table: str, status_table: str, output_table: str) -> None:
        self._client = client
        self._lookup_table = lookup_table
        self._status_table = status_table
        self._output_table = output_table

    async def mark(self, input_file: str, *, now_s: int) -> MarkedUpload:
        """Mark the upload as deleted, although its row may have expired, and return it."""
        update = Update().set_once(DeleteRequestedTime=now_s, CreationTime=now_s)
        update.set(ExpirationTime=now_s + TOMBSTONE_S)
        return marked_upload(await self._update(self._lookup_table, {"InputFile": input_file}, update))

    async def add_jobs(self, input_file: str, job_ids: Collection[str]) -> None:
        """Record jobs whose rows and outputs must be deleted, so that no crash loses them."""
        update = Update().add("DeletedJobs", job_ids)
        if job_ids:
            await self._update(self._lookup_table, {"InputFile": input_file}, update)

    async def remove_keys(self, job_ids: Collection[str], claim_ids: Collection[str]) -> None:
        """Delete the rows with the encryption keys of the jobs and of the claims."""
        for key in [*job_ids, *(CLAIM_PREFIX + each for each in claim_ids)]:
            await self._client.delete_item(TableName=self._output_table, Key={"JobId": {"S": key}})

    async def bury_job(self, job_id: str, *, now_s: int, after_announcement: bool) -> None:
        """Replace the row of a job that is over by a tombstone. A job without a row gets one too.

        `after_announcement` refuses a row that still requests an announcement, because a tombstone can't be announced.

        Raises:
            JobStillNeededError: The job has not ended, or its end is not announced.
        """
        key = {"JobId": job_id}
        response = await self._client.get_item(
            TableName=self._status_table, Key={"JobId": {"S": job_id}}, ConsistentRead=True
        )
        names = decode(response.get("Item", {})).keys() - KEPT_OF_JOB - {"ExpirationTime"}
        update = Update().set(DeletedTime=now_s, ExpirationTime=now_s + TOMBSTONE_S).remove(*sorted(names))
        update.set_once(JobStatus=Status.CANCELED.value, EventTime=0, CreationTime=now_s)
        update.where(
            update.absent("JobStatus"), *(update.compare("JobStatus", "=", status) for status in sorted(FINAL))
        )
        if after_announcement:
            update.where(update.absent("Unannounced"))
        try:
            await self._update(self._status_table, key, update)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise JobStillNeededError(job_id) from error

    async def bury(self, upload: MarkedUpload, *, now_s: int) -> None:
        """Replace the row of the upload by its tombstone."""
        update = Update().set(DeletedTime=now_s, ExpirationTime=now_s + TOMBSTONE_S)
        update.remove(*sorted(upload.attributes - KEPT_OF_UPLOAD - {"ExpirationTime"}))
        await self._update(self._lookup_table, {"InputFile": upload.input_file}, update)

    async def _update(self, table: str, key: Mapping[str, str], update: Update) -> Mapping[str, Any]:
        response = await self._client.update_item(
            TableName=table,
            Key={name: {"S": value} for name, value in key.items()},
            ReturnValues="ALL_NEW",
            **update.request(),
        )
        return decode(response["Attributes"])
