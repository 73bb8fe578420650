"""The JSON form of a job that survives a restart of the emulator. Pure."""

from dataclasses import asdict
from typing import Any

from mediaconvert_emulator.errors import JobError, UnknownJobError
from mediaconvert_emulator.hops import Hop, QueueTransition
from mediaconvert_emulator.job import Job, Status
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.output_report import GroupReport, OutputReport
from mediaconvert_emulator.parse_job_settings import parse_settings
from mediaconvert_emulator.renditions import JobWarning

FIELDS = (
    "id",
    "request",
    "settings",
    "used_settings",
    "queue",
    "priority",
    "status_update_interval_s",
    "submitted_ms",
    "started_ms",
    "finished_ms",
    "last_event_ms",
)
"""The fields that are JSON already."""


def job_record(job: Job) -> JsonObject:
    """Return a job as JSON. It contains the job's encryption key."""
    return {name: getattr(job, name) for name in FIELDS} | {
        "status": str(job.status),
        "error": {"code": job.error.code, "message": job.error.message} if job.error else None,
        "groups": [asdict(group) for group in job.groups],
        "warnings": [asdict(warning) for warning in job.warnings],
        "hops": [asdict(hop) for hop in job.hops],
        "transitions": [asdict(transition) for transition in job.transitions],
        "unused_settings": list(job.unused_settings),
    }


def job_from_record(record: JsonObject) -> Job:
    """Return the job of a record. A job that was in progress waits again, and begins from its start.

    Raises:
        KeyError, TypeError, ValueError: The record is not one of this version of the emulator.
        BadRequestException: This version of the emulator refuses the settings.
    """
    status = Status(record["status"])
    is_interrupted = status is Status.PROGRESSING
    fields: dict[str, Any] = {name: record[name] for name in FIELDS}
    if is_interrupted:
        fields["started_ms"] = None
    return Job(
        **fields,
        spec=parse_settings(record["used_settings"]),
        status=Status.SUBMITTED if is_interrupted else status,
        error=_error(**record["error"]) if record["error"] else None,
        groups=tuple(_group(**group) for group in record["groups"]),
        warnings=tuple(JobWarning(**warning) for warning in record["warnings"]),
        hops=tuple(Hop(**hop) for hop in record["hops"]),
        transitions=tuple(QueueTransition(**transition) for transition in record["transitions"]),
        unused_settings=tuple(record["unused_settings"]),
    )


def _error(code: int, message: str) -> JobError:
    kinds = {kind.code: kind for kind in JobError.__subclasses__()}
    return kinds.get(code, UnknownJobError)(message)


def _group(type: str, playlist_paths: list[str], outputs: list[JsonObject]) -> GroupReport:  # noqa: A002 (the field's name)
    reports = (
        OutputReport(**output | {"size_px": tuple(output["size_px"]) if output["size_px"] else None})
        for output in outputs
    )
    return GroupReport(type=type, playlist_paths=tuple(playlist_paths), outputs=tuple(reports))
