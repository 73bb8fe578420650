"""Reconciliation rebuilds the final event of a job from MediaConvert's record of the job."""

from datetime import UTC, datetime
from typing import Any

import pytest

from transcode.job import Canceled, Completed, Failed, Failure, JobWarning, Rendition
from worker.messages.sanitise import Sanitiser
from worker.reconcile.listed_job import ListedJob, parse_listed_job

CREATED = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
ENDED = datetime(2026, 11, 22, 8, 31, tzinfo=UTC)
FOLDER = "s3://clips-out/uploads/1f/cat.mp4_20261122083000-0a1b2c/"


def job(**changes: object) -> dict[str, Any]:
    """Return a job as ListJobs returns it: two renditions and an audio-only output."""
    group = {
        "OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS", "HlsGroupSettings": {"Destination": f"{FOLDER}cat"}},
        "Outputs": [{"NameModifier": "_audio"}, {"NameModifier": "_720p"}, {"NameModifier": "_360p"}],
    }
    details = [
        {"DurationInMs": 20_053},
        {"DurationInMs": 20_041, "VideoDetails": {"WidthInPx": 1280, "HeightInPx": 720}},
        {"DurationInMs": 20_041, "VideoDetails": {"WidthInPx": 640, "HeightInPx": 360}},
    ]
    return {
        "Id": "1763798400123-a1b2c3",
        "Status": "COMPLETE",
        "CreatedAt": CREATED,
        "Timing": {"FinishTime": ENDED},
        "UserMetadata": {"InputBucket": "clips-in", "Claim": "c1"},
        "Settings": {"Inputs": [{"FileInput": "s3://clips-in/uploads/1f/cat.mp4"}], "OutputGroups": [group]},
        "OutputGroupDetails": [{"OutputDetails": details}],
        **changes,
    }


def read(**changes: object) -> ListedJob | None:
    """Return what reconciliation reads from the job."""
    return parse_listed_job(job(**changes), input_bucket="clips-in", sanitiser=Sanitiser(secrets=("clips-in",)))


def test_paths_are_derived_from_destinations_and_name_modifiers() -> None:
    """The API returns only durations and sizes, in the order of the outputs in the settings."""
    known = read(Warnings=[{"Code": 230001, "Count": 2}])
    assert known is not None
    event = known.final_event()
    assert isinstance(event, Completed)
    assert event.time_ms == int(ENDED.timestamp() * 1000)
    assert event.warnings == {JobWarning(code=230001)}
    assert event.output.path == "uploads/1f/cat.mp4_20261122083000-0a1b2c/"
    assert event.output.playlists == {".m3u8": "cat.m3u8"}
    assert event.output.renditions == (
        Rendition(width_px=1280, height_px=720, duration_ms=20_041, playlist="cat_720p.m3u8"),
        Rendition(width_px=640, height_px=360, duration_ms=20_041, playlist="cat_360p.m3u8"),
    )


@pytest.mark.parametrize(
    ("kind", "name", "playlists"),
    [
        ("CMAF_GROUP_SETTINGS", "CmafGroupSettings", {".mpd": "cat.mpd", ".m3u8": "cat.m3u8"}),
        ("DASH_ISO_GROUP_SETTINGS", "DashIsoGroupSettings", {".mpd": "cat.mpd"}),
        ("MS_SMOOTH_GROUP_SETTINGS", "MsSmoothGroupSettings", {".ism": "cat.ism"}),
        ("FILE_GROUP_SETTINGS", "FileGroupSettings", {}),
    ],
)
def test_each_output_group_type_has_its_own_playlists(kind: str, name: str, playlists: dict[str, str]) -> None:
    """They are the same as in the COMPLETE event of such a job."""
    settings = job()["Settings"]
    settings["OutputGroups"][0]["OutputGroupSettings"] = {"Type": kind, name: {"Destination": f"{FOLDER}cat"}}
    known = read(Settings=settings)
    assert known is not None
    assert known.output is not None
    assert dict(known.output.playlists) == playlists


@pytest.mark.parametrize("details", [None, [], [{}], [{"OutputDetails": None}], [{"OutputDetails": [{}] * 5}]])
def test_missing_output_details_still_yield_the_playlists(details: object) -> None:
    """Automated ABR makes more outputs than the settings list, and a record may lack the details."""
    known = read(OutputGroupDetails=details)
    assert known is not None
    assert known.output is not None
    assert known.output.playlists == {".m3u8": "cat.m3u8"}
    assert all(each.playlist is None for each in known.output.renditions)


def test_an_error_message_is_sanitised() -> None:
    """MediaConvert's record names buckets, as its event does."""
    known = read(Status="ERROR", ErrorCode=1010, ErrorMessage="Unable to open input file [s3://clips-in/u/cat.mp4]")
    assert known is not None
    failed = known.final_event()
    assert isinstance(failed, Failed)
    assert failed.failure == Failure(code=1010, message="Unable to open input file [cat.mp4]")


def test_a_canceled_job_without_a_finish_time_ends_at_its_creation() -> None:
    """A job that never started may have no finish time."""
    known = read(Status="CANCELED", Timing={})
    assert known is not None
    assert known.final_event() == Canceled(job_id=known.job_id, time_ms=int(CREATED.timestamp() * 1000))


@pytest.mark.parametrize("metadata", [None, {}, {"InputBucket": "another"}])
def test_a_job_of_another_program_is_ignored(metadata: object) -> None:
    """Its user metadata names another bucket or none."""
    assert read(UserMetadata=metadata) is None
