"""The table of job statuses: what every reader of a job reads, written only in ways that the rule allows.

No AWS type passes this boundary.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from transcode.dynamodb import Lifetimes, Update, decode, old_item
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
    Progressed,
    Rendition,
    Status,
    WarningRaised,
    advance,
)
from transcode.permissions import Resource, allow

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PERMISSIONS = allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[Resource.STATUS_TABLE])


class StatusTable:
    """Job statuses, by job id."""

    def __init__(self, client: "DynamoDBClient", table: str, lifetimes: Lifetimes) -> None:
        self.client = client
        self.table = table
        self._lifetimes = lifetimes

    async def get(self, job_id: str, *, now_s: int, consistent: bool = False) -> Job | None:
        """Return the job, or None where there is none or its row has expired (DynamoDB deletes late)."""
        answer = await self.client.get_item(
            TableName=self.table, Key={"JobId": {"S": job_id}}, ConsistentRead=consistent
        )
        row = decode(answer.get("Item", {}))
        return job_from_row(row) if row and row["ExpirationTime"] > now_s else None

    async def submit(self, job: Job, *, now_s: int) -> None:
        """Make the job's row, or fill in what an event that came first could not know. Safe to repeat."""
        update = Update().set_once(
            JobStatus=Status.SUBMITTED.value,
            EventTime=0,
            CreationTime=now_s,
            UpdatedTime=now_s,
            ExpirationTime=now_s + self._lifetimes.waiting_s,
            InputFile=job.input_file,
            FileName=job.file_name,
            Owner=job.owner,
        )
        await self._write(job.job_id, update)

    async def advance(self, event: JobEvent, *, now_s: int, known: Job | None = None) -> bool:
        """Apply the event as `transcode.job.advance` would; return whether it changed the row.

        One write and no read, but for a percentage that fell, which takes a second write without it. `known` gives
        the input file, file name and owner to a row that lacks them.
        """
        update = self._touched(Update(), now_s=now_s)
        if known is not None:
            update.set_once(InputFile=known.input_file, FileName=known.file_name, Owner=known.owner)
        before = await self._write(event.job_id, _unless_final(_change(update, event)))
        if before is None:
            return True
        after = advance(before, event)
        if after == before or not isinstance(event, Progressed):
            return False
        return await self.advance(replace(event, percent=None), now_s=now_s, known=known)

    def _touched(self, update: Update, *, now_s: int) -> Update:
        return update.set(UpdatedTime=now_s, ExpirationTime=now_s + self._lifetimes.changed_s).set_once(
            CreationTime=now_s
        )

    async def _write(self, job_id: str, update: Update) -> Job | None:
        """Write; return None when it was done, or the job as it stands when the update's condition failed."""
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


def _unless_final(update: Update) -> Update:
    return update.where(update.absent("JobStatus"), update.not_in("JobStatus", FINAL))


def _change(update: Update, event: JobEvent) -> Update:
    """Say the pure rule in DynamoDB's words."""
    match event:
        case Progressed(time_ms=time_ms, percent=percent, phase=phase):
            update.set(JobStatus=Status.PROGRESSING.value, EventTime=time_ms, ProgressRate=percent, Phase=phase)
            update.set_once(StartedTime=time_ms, StartedRate=percent or 0)
            update.where(update.absent("EventTime"), update.compare("EventTime", "<", time_ms))
            if percent is not None:
                update.where(update.absent("ProgressRate"), update.compare("ProgressRate", "<=", percent))
        case WarningRaised(warning=warning):
            update.set_once(JobStatus=Status.SUBMITTED.value, EventTime=0)
            update.add("Warnings", [_warning_member(warning)])
        case Completed(time_ms=time_ms, output=output, warnings=warnings):
            update.set(JobStatus=Status.COMPLETE.value, EventTime=time_ms, ProgressRate=100)
            update.set(**_output_attributes(output)).add("Warnings", map(_warning_member, warnings)).remove("Phase")
        case Failed(time_ms=time_ms, failure=failure):
            update.set(JobStatus=Status.ERROR.value, EventTime=time_ms).remove("Phase")
            update.set(ErrorCode=failure.code, ErrorMessage=failure.message)
        case Canceled(time_ms=time_ms):
            update.set(JobStatus=Status.CANCELED.value, EventTime=time_ms).remove("Phase")
    return update


def _output_attributes(output: Output) -> dict[str, object]:
    return {
        "OutputPath": output.path,
        "Playlists": dict(output.playlists),
        "DurationMs": output.duration_ms,
        "WidthPx": output.width_px,
        "HeightPx": output.height_px,
        "Renditions": [
            {
                "WidthPx": rendition.width_px,
                "HeightPx": rendition.height_px,
                "DurationMs": rendition.duration_ms,
                "Playlist": rendition.playlist,
            }
            for rendition in output.renditions
        ],
    }


def _warning_member(warning: JobWarning) -> str:
    return f"{warning.code} {warning.message}".strip()


def _warning(member: str) -> JobWarning:
    code, _, message = member.partition(" ")
    return JobWarning(code=int(code), message=message)


def job_from_row(row: Mapping[str, Any]) -> Job:
    """Return the job that a row of the status table describes."""
    return Job(
        job_id=row["JobId"],
        status=Status(row["JobStatus"]),
        event_time_ms=int(row.get("EventTime", 0)),
        started_ms=_integer(row.get("StartedTime")),
        started_percent=int(row.get("StartedRate", 0)),
        progress_percent=_integer(row.get("ProgressRate")),
        phase=row.get("Phase"),
        output=_output(row) if "OutputPath" in row else None,
        failure=Failure(code=int(row["ErrorCode"]), message=row["ErrorMessage"]) if "ErrorCode" in row else None,
        warnings=frozenset(map(_warning, row.get("Warnings", ()))),
        input_file=row.get("InputFile"),
        file_name=row.get("FileName"),
        owner=row.get("Owner"),
        submitted_s=_integer(row.get("CreationTime")),
        updated_s=_integer(row.get("UpdatedTime")),
    )


def _output(row: Mapping[str, Any]) -> Output:
    return Output(
        path=row["OutputPath"],
        playlists=row.get("Playlists", {}),
        duration_ms=_integer(row.get("DurationMs")),
        width_px=_integer(row.get("WidthPx")),
        height_px=_integer(row.get("HeightPx")),
        renditions=tuple(
            Rendition(
                width_px=int(each["WidthPx"]),
                height_px=int(each["HeightPx"]),
                duration_ms=_integer(each.get("DurationMs")),
                playlist=each.get("Playlist"),
            )
            for each in row.get("Renditions", ())
        ),
    )


def _integer(value: object) -> int | None:
    return None if value is None else int(str(value))
