"""The table of job statuses. Every reader of a job reads it; every write keeps the rule of `transcode.job`.

A sparse index, OpenJobs, contains the rows of the jobs that are not over. Its keys are OpenShard and CreationTime. The
write that opens a row sets OpenShard, and the write that ends the job removes it. Progress changes neither key, so it
costs no write of the index. No AWS type passes this boundary.

If the deployment announces jobs, the writes that create and end a job add to Unannounced in the same write, and
OpenShard stays until the announcement was sent (`worker.announce`). So no crash can lose an announcement.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, assert_never

from transcode.announcement_types import TYPE_OF_END, AnnouncementType
from transcode.billing import Billing
from transcode.dynamodb import Update, decode, old_item, set_or_remove
from transcode.job import (
    FINAL,
    Canceled,
    Completed,
    Failed,
    Failure,
    Job,
    JobEvent,
    JobWarning,
    Output,
    OutputFile,
    Progressed,
    Rendition,
    Status,
    WarningRaised,
    advance,
)
from transcode.lifetimes import Lifetimes, has_expired
from transcode.lookup import Lookup
from transcode.outbox import open_shard
from transcode.permissions import Resource, allow
from transcode.row_mapping import attributes_of, shape_of

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[Resource.STATUS_TABLE])

OPEN_INDEX = "OpenJobs"


class StatusTable:
    """Job statuses, by job id. `announces` is true if the creation and the end of jobs are announced."""

    def __init__(self, client: "DynamoDBClient", table: str, lifetimes: Lifetimes, *, announces: bool = False) -> None:
        self.client = client
        self.table = table
        self.announces = announces
        self._lifetimes = lifetimes

    async def get(
        self, job_id: str, *, now_s: int, consistent: bool = False, include_deleted: bool = False
    ) -> Job | None:
        """Return the job; None if there is none or its row has expired (DynamoDB deletes expired rows late).

        `include_deleted` also returns the job of an upload that is deleted, or whose deletion was requested.
        """
        response = await self.client.get_item(
            TableName=self.table, Key={"JobId": {"S": job_id}}, ConsistentRead=consistent
        )
        row = decode(response.get("Item", {}))
        return job_from_row(row) if is_job(row, now_s=now_s, include_deleted=include_deleted) else None

    async def submit(self, job: Job, *, now_s: int) -> Job | None:
        """Create the job's row, or add what it lacks if an event created it first. Safe to repeat.

        Return the job if it is over already, because its last event came first; otherwise None.
        """
        opening = _unless_final(_submitted(job, now_s=now_s).set_once(OpenShard=open_shard(job.job_id)))
        opening.set_once(ExpirationTime=now_s + self._lifetimes.waiting_s)
        if self.announces:
            opening.add("Unannounced", [AnnouncementType.JOB_SUBMITTED])
        if (over := await self._write(job.job_id, opening)) is not None:
            # Its row must not return to the index of open jobs, and keeps the time at which it expires.
            await self._write(job.job_id, _submitted(job, now_s=now_s))
        return over

    async def describe(self, job_id: str, lookup: Lookup) -> None:
        """Copy the names and labels that the caller changed from the file's row, unless the job has newer ones.

        Safe to repeat, in any order with other changes. A job without a row stays without one.
        """
        update = Update().set(Revision=lookup.revision)
        set_or_remove(
            update, FileName=lookup.file_name, ExternalId=lookup.external_id, Metadata=dict(lookup.metadata) or None
        )
        update.where(update.present("JobStatus")).where(update.absent("DeletedTime"))
        update.where(update.absent("Revision"), update.compare("Revision", "<=", lookup.revision))
        with suppress(self.client.exceptions.ConditionalCheckFailedException):
            await self.client.update_item(TableName=self.table, Key={"JobId": {"S": job_id}}, **update.request())

    async def advance(self, event: JobEvent, *, now_s: int, known: Job | None = None) -> bool:
        """Apply the event as `transcode.job.advance` does; return whether it changed the row.

        This takes one write and no read. An event whose percentage is lower than the stored one takes a second write,
        without the percentage. `known` gives the input file, file name and owner to a row that lacks them.
        """
        update = Update().set(UpdatedTime=now_s).set_once(CreationTime=now_s)
        update.expire(self._expiry_s(event, known, now_s=now_s))
        if known is not None:
            update.set_once(InputFile=known.input_file, FileName=known.file_name, Owner=known.owner)
            update.set_once(Followed=known.is_followed or None)
        before = await self._write(event.job_id, _unless_final(_change(update, event, announces=self.announces)))
        if before is None:
            return True
        after = advance(before, event)
        if after == before or not isinstance(event, Progressed):
            return False
        return await self.advance(replace(event, percent=None), now_s=now_s, known=known)

    async def request_cancel(self, job_id: str, *, now_s: int) -> Job | None:
        """Record that a caller requested the job's end; change nothing if the job is over. Safe to repeat.

        Return None on success, otherwise the job that is over. The job must have a row.
        """
        update = Update().set(CancelRequestedTime=now_s)
        update.where(update.present("JobStatus")).where(update.not_in("JobStatus", FINAL))
        return await self._write(job_id, update)

    def _expiry_s(self, event: JobEvent, known: Job | None, *, now_s: int) -> int | None:
        """Return when the row expires after the event: that of a job that is over stays with its upload's row."""
        match event:
            case Progressed() | WarningRaised():
                return now_s + self._lifetimes.changed_s
            case Completed():
                return self._lifetimes.complete(now_s=now_s)
            case Failed() | Canceled() if known is not None and known.is_followed:
                return now_s + self._lifetimes.changed_s  # it has no upload with which its row could be deleted
            case Failed() | Canceled():
                return self._lifetimes.with_source(now_s=now_s)
            case never:
                assert_never(never)

    async def _write(self, job_id: str, update: Update) -> Job | None:
        """Write the update. Return None on success, or the stored job if the update's condition failed."""
        try:
            await self.client.update_item(
                TableName=self.table,
                Key={"JobId": {"S": job_id}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **update.request(),
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            return job_from_row(old_item(error))
        return None


def _submitted(job: Job, *, now_s: int) -> Update:
    update = Update()
    update.where(update.absent("DeletedTime"))
    return update.set_once(
        JobStatus=Status.SUBMITTED.value,
        EventTime=0,
        CreationTime=now_s,
        UpdatedTime=now_s,
        InputFile=job.input_file,
        FileName=job.file_name,
        Owner=job.owner,
        Profile=job.profile,
        ExternalId=job.external_id,
        Metadata=dict(job.metadata) or None,
        Revision=job.revision or None,
        Estimate=attributes_of(job.estimate) if job.estimate else None,
    )


_OPEN = ("Phase", "CancelRequestedTime", "CheckedTime", "CheckedStatus")
"""Attributes that only the row of an open job has, beside OpenShard. `worker.reconcile` writes the last two."""


def _unless_final(update: Update) -> Update:
    return update.where(update.absent("JobStatus"), update.not_in("JobStatus", FINAL))


def _change(update: Update, event: JobEvent, *, announces: bool) -> Update:
    """Add the rule's changes and conditions for this event to the update."""
    match event:
        case Progressed(time_ms=time_ms, percent=percent, phase=phase):
            update.set(JobStatus=Status.PROGRESSING.value, EventTime=time_ms, ProgressRate=percent, Phase=phase)
            update.set_once(StartedTime=time_ms, StartedRate=percent or 0, OpenShard=open_shard(event.job_id))
            update.where(update.absent("EventTime"), update.compare("EventTime", "<", time_ms))
            if percent is not None:
                update.where(update.absent("ProgressRate"), update.compare("ProgressRate", "<=", percent))
        case WarningRaised(warning=warning):
            update.set_once(JobStatus=Status.SUBMITTED.value, EventTime=0, OpenShard=open_shard(event.job_id))
            update.add("Warnings", [_warning_member(warning)])
        case Completed(time_ms=time_ms, output=output, warnings=warnings, billed=billed):
            update.set(JobStatus=Status.COMPLETE.value, EventTime=time_ms, ProgressRate=100)
            update.set(Billed=attributes_of(billed) if billed else None)
            update.set(**attributes_of(output)).add("Warnings", map(_warning_member, warnings))
            _end(update, event.job_id, Status.COMPLETE, announces=announces)
        case Failed(time_ms=time_ms, failure=failure):
            update.set(JobStatus=Status.ERROR.value, EventTime=time_ms).set(**attributes_of(failure))
            _end(update, event.job_id, Status.ERROR, announces=announces)
        case Canceled(time_ms=time_ms):
            update.set(JobStatus=Status.CANCELED.value, EventTime=time_ms)
            _end(update, event.job_id, Status.CANCELED, announces=announces)
        case never:
            assert_never(never)
    return update


def _end(update: Update, job_id: str, status: Status, *, announces: bool) -> None:
    """Remove the attributes of an open job. If its end is announced, the row stays in the index until then."""
    update.remove(*_OPEN)
    if announces:
        update.set_once(OpenShard=open_shard(job_id)).add("Unannounced", [TYPE_OF_END[status]])
    else:
        update.remove("OpenShard")


def _warning_member(warning: JobWarning) -> str:
    return f"{warning.code} {warning.message}".strip()


def _warning(member: str) -> JobWarning:
    code, _, message = member.partition(" ")
    return JobWarning(code=int(code), message=message)


def is_job(row: Mapping[str, Any], *, now_s: int, include_deleted: bool = False) -> bool:
    """Return whether the row is that of a job which callers may see: not expired, and not of a deleted upload."""
    is_seen = include_deleted or not {"DeleteRequestedTime", "DeletedTime"} & row.keys()
    return bool(row) and not has_expired(row, now_s=now_s) and is_seen


def job_from_row(row: Mapping[str, Any]) -> Job:
    """Return the job that a row of the status table describes."""
    return shape_of(
        Job,
        row,
        status=Status(row["JobStatus"]),
        output=_output(row) if "OutputPath" in row else None,
        failure=shape_of(Failure, row) if "ErrorCode" in row else None,
        warnings=frozenset(map(_warning, row.get("Warnings", ()))),
        estimate=shape_of(Billing, row["Estimate"]) if "Estimate" in row else None,
        billed=shape_of(Billing, row["Billed"]) if "Billed" in row else None,
    )


def _output(row: Mapping[str, Any]) -> Output:
    return shape_of(
        Output,
        row,
        renditions=tuple(shape_of(Rendition, each) for each in row.get("Renditions", ())),
        files=tuple(shape_of(OutputFile, each) for each in row.get("Files", ())),
    )
