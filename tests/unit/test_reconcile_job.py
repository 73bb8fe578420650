"""What a lost COMPLETE would have said, read out of MediaConvert's own record of the job."""

from datetime import UTC, datetime
from typing import Any

import pytest

from transcode.job import Canceled, Completed, Failed, Failure, JobWarning, Rendition
from worker.messages.sanitise import Sanitiser
from worker.reconcile.known_job import KnownJob, known_job

MADE = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
ENDED = datetime(2026, 11, 22, 8, 31, tzinfo=UTC)
FOLDER = "s3://clips-out/uploads/1f/cat.mp4_20261122083000-0a1b2c/"


def job(**changes: object) -> dict[str, Any]:
    """A job of ours as ListJobs gives it: two renditions and an audio-only output."""
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
        "CreatedAt": MADE,
        "Timing": {"FinishTime": ENDED},
        "UserMetadata": {"InputBucket": "clips-in", "Claim": "c1"},
        "Settings": {"Inputs": [{"FileInput": "s3://clips-in/uploads/1f/cat.mp4"}], "OutputGroups": [group]},
        "OutputGroupDetails": [{"OutputDetails": details}],
        **changes,
    }


def read(**changes: object) -> KnownJob | None:
    """The job, read."""
    return known_job(job(**changes), input_bucket="clips-in", sanitiser=Sanitiser(secrets=("clips-in",)))


def test_paths_follow_from_destinations_and_name_modifiers() -> None:
    """The API gives lengths and sizes only, in the order of the settings' outputs."""
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
def test_each_type_of_group_has_its_own_playlists(kind: str, name: str, playlists: dict[str, str]) -> None:
    """As in the event of such a job."""
    settings = job()["Settings"]
    settings["OutputGroups"][0]["OutputGroupSettings"] = {"Type": kind, name: {"Destination": f"{FOLDER}cat"}}
    known = read(Settings=settings)
    assert known is not None
    assert known.output is not None
    assert dict(known.output.playlists) == playlists


@pytest.mark.parametrize("details", [None, [], [{}], [{"OutputDetails": None}], [{"OutputDetails": [{}] * 5}]])
def test_outputs_that_are_not_described_leave_the_playlists(details: object) -> None:
    """With automated ABR there are more outputs than the settings name; a record can lack them altogether."""
    known = read(OutputGroupDetails=details)
    assert known is not None
    assert known.output is not None
    assert known.output.playlists == {".m3u8": "cat.m3u8"}
    assert all(each.playlist is None for each in known.output.renditions)


def test_a_failure_is_told_without_addresses() -> None:
    """What MediaConvert keeps of an error names buckets, as its event does."""
    known = read(Status="ERROR", ErrorCode=1010, ErrorMessage="Unable to open input file [s3://clips-in/u/cat.mp4]")
    assert known is not None
    failed = known.final_event()
    assert isinstance(failed, Failed)
    assert failed.failure == Failure(code=1010, message="Unable to open input file [cat.mp4]")


def test_a_canceled_job_without_a_finish_time_ends_when_it_was_made() -> None:
    """One that never started may have none."""
    known = read(Status="CANCELED", Timing={})
    assert known is not None
    assert known.final_event() == Canceled(job_id=known.job_id, time_ms=int(MADE.timestamp() * 1000))


@pytest.mark.parametrize("metadata", [None, {}, {"InputBucket": "another"}])
def test_another_programs_job_is_none_of_ours(metadata: object) -> None:
    """The same account, another bucket."""
    assert read(UserMetadata=metadata) is None
