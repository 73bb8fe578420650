"""A job's record contains everything that a restart needs."""

import json
from dataclasses import fields

import pytest

from mediaconvert_emulator.errors import JobError, LocationNotFound
from mediaconvert_emulator.hops import Hop, QueueTransition
from mediaconvert_emulator.job import Job, Status
from mediaconvert_emulator.job_records import job_from_record, job_record
from mediaconvert_emulator.output_report import GroupReport, OutputReport
from mediaconvert_emulator.parse_job_settings import parse_settings
from mediaconvert_emulator.renditions import JobWarning
from tests.emulator_examples import example_settings


def _job(status: Status, error: JobError | None = None) -> Job:
    output = OutputReport(duration_ms=7000, size_px=(640, 360), file_path="s3://out/a.m3u8", media_bytes=5)
    settings = example_settings()
    return Job(
        id="1-abcdef",
        request={"role": "arn:aws:iam::111122223333:role/r", "userMetadata": {"a": "b"}},
        settings=settings,
        used_settings=settings,
        spec=parse_settings(settings),
        queue="Other",
        priority=3,
        status_update_interval_s=10,
        submitted_ms=1,
        status=status,
        started_ms=2,
        finished_ms=None if status is Status.PROGRESSING else 3,
        error=error,
        groups=(GroupReport(type="HLS_GROUP", playlist_paths=("s3://out/a.m3u8",), outputs=(output,)),),
        warnings=(JobWarning(code=220_000, message="truncated"),),
        hops=(Hop(queue="Other", wait_minutes=1, priority=None),),
        transitions=(QueueTransition(source="Default", destination="Other", time_ms=2),),
        unused_settings=("/a: b",),
        last_event_ms=4,
    )


def _restored(job: Job) -> Job:
    return job_from_record(json.loads(json.dumps(job_record(job))))


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.CANCELED, Status.SUBMITTED])
def test_a_restored_job_has_all_fields(status: Status) -> None:
    """Its progress alone isn't kept: only a job in progress has one."""
    job = _job(status)
    restored = _restored(job)

    for field in fields(Job):
        if field.name != "progress":
            assert getattr(restored, field.name) == getattr(job, field.name), field.name


@pytest.mark.parametrize(("error", "code"), [(LocationNotFound("missing"), 1404), (JobError("other"), 1999)])
def test_an_error_keeps_its_code_and_message(error: JobError, code: int) -> None:
    """The code is that of the error's class."""
    restored = _restored(_job(Status.ERROR, error)).error

    assert restored is not None
    assert (restored.code, restored.message) == (code, error.message)


def test_a_job_in_progress_waits_again() -> None:
    """Ffmpeg ended with the process, so the job begins from its start."""
    restored = _restored(_job(Status.PROGRESSING))

    assert (restored.status, restored.started_ms) == (Status.SUBMITTED, None)
