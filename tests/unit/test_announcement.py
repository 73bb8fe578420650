"""The ids, the content and the size of announcements."""

import json

import pytest

from transcode.announcement import MAX_BODY_BYTES, AnnouncedJob, Announcement
from transcode.announcement_types import TYPE_OF_END, AnnouncementType, announcement_id
from transcode.job import FINAL, Job, JobWarning, Output, Rendition, Status
from transcode.job_view import job_view

JOB = Job(job_id="1763798400123-a1b2c3", status=Status.COMPLETE, input_file="uploads/a/b.mp4", owner="alice")


def announcement(job: Job = JOB) -> Announcement:
    """Return the announcement of the job's end."""
    view = job_view(job, now_ms=0, playback_base_url=None)
    content = AnnouncedJob(id=announcement_id(AnnouncementType.JOB_COMPLETE, job.job_id), owner=job.owner, job=view)
    return Announcement(type=AnnouncementType.JOB_COMPLETE, time_s=1_763_798_400, content=content)


def test_a_webhook_has_type_timestamp_and_data_and_nothing_else() -> None:
    """The body is what Standard Webhooks defines; data has the owner and the API's job."""
    body = json.loads(announcement().webhook_body())
    assert list(body) == ["type", "timestamp", "data"]
    assert body["type"] == "job.complete"
    assert body["timestamp"] == "2025-11-22T08:00:00Z"
    assert body["data"]["owner"] == "alice"
    assert body["data"]["job"]["job_id"] == JOB.job_id
    assert json.loads(announcement().detail()) == body["data"]


@pytest.mark.parametrize("count", [1, 300, 3_000])
def test_a_webhook_has_less_than_20_kb_however_many_warnings_and_renditions_the_job_has(count: int) -> None:
    """Warnings are left out first, then renditions; the rest of the job stays."""
    warnings = frozenset(JobWarning(code=code, message="x" * 200) for code in range(count))
    renditions = [Rendition(width_px=640, height_px=360, playlist="p" * 100)] * count
    job = Job(job_id="j", status=Status.COMPLETE, warnings=warnings, output=Output(path="p/", renditions=renditions))
    body = announcement(job).webhook_body()
    assert len(body.encode()) < MAX_BODY_BYTES
    shown = json.loads(body)["data"]["job"]
    assert shown["output"]["path"] == "p/"
    assert len(shown["warnings"]) == (1 if count == 1 else 0)


def test_each_final_status_has_a_type_of_its_own() -> None:
    """No end goes unannounced, and no two ends have one type."""
    assert set(TYPE_OF_END) == FINAL
    assert len(set(TYPE_OF_END.values())) == len(FINAL)


def test_an_id_stays_in_repetitions_and_differs_by_type_and_subject() -> None:
    """A receiver recognizes a repetition by the id."""
    subjects = [("a",), ("b",), ("a", "b"), ("ab",)]
    ids = [announcement_id(each, *subject) for each in AnnouncementType for subject in subjects]
    assert len(set(ids)) == len(ids)
    assert ids == [announcement_id(each, *subject) for each in AnnouncementType for subject in subjects]
