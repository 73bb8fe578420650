"""The API's representation of a job."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from service.views.bodies import UploadRequest
from transcode.billing import Billing
from transcode.job import Canceled, Failure, Job, JobWarning, Output, Rendition, Status, advance
from transcode.job_view import JobStatus, JobView, file_view, job_view, progress_view, view_without_job
from transcode.lookup import Lookup
from transcode.queue_figures import Place

BASE = "https://play.example.com"
OUTPUT = Output(
    path="uploads/6f1c/Big-Buck-Bunny.mp4_20251122080000-4be1c7/",
    playlists={".mpd": "Big-Buck-Bunny.mpd", ".m3u8": "Big-Buck-Bunny.m3u8"},
    duration_ms=61_440,
    width_px=1920,
    height_px=1080,
    renditions=(
        Rendition(
            width_px=1920,
            height_px=1080,
            duration_ms=61_440,
            playlist="Big-Buck-Bunny_1080p.m3u8",
            average_bitrate_bps=4_800_000,
        ),
    ),
)
RUNNING = Job(
    job_id="1763798400123-k3v9qa",
    status=Status.PROGRESSING,
    event_time_ms=1763798420000,
    started_ms=1763798400000,
    progress_percent=40,
    phase="TRANSCODING",
    input_file="uploads/6f1c/Big-Buck-Bunny.mp4",
    file_name="Big Buck Bunny.mp4",
    owner="user-1",
    profile="hls",
    submitted_s=1763798399,
    updated_s=1763798421,
)
NOW_MS = 1763798425000


def shown(job: Job, *, base: str | None = BASE) -> JobView:
    """Return the API's representation of the job."""
    return job_view(job, now_ms=NOW_MS, playback_base_url=base)


def playback_url(path: str, playlists: dict[str, str]) -> str | None:
    """Return the playback URL of a finished job with these outputs."""
    output = shown(replace(RUNNING, output=Output(path=path, playlists=playlists))).output
    assert output is not None
    return output.playback_url


def test_a_running_job_shows_all_its_fields() -> None:
    """It has progress, an estimate, the file's own name, and times with a time zone."""
    assert shown(RUNNING).model_dump() == {
        "job_id": "1763798400123-k3v9qa",
        "input_file": "uploads/6f1c/Big-Buck-Bunny.mp4",
        "file_name": "Big Buck Bunny.mp4",
        "external_id": None,
        "metadata": {},
        "profile": "hls",
        "status": "PROGRESSING",
        "queue": None,
        "progress_percent": 40,
        "phase": "TRANSCODING",
        "eta_s": 25,
        "submitted_at": datetime(2025, 11, 22, 7, 59, 59, tzinfo=UTC),
        "updated_at": datetime(2025, 11, 22, 8, 0, 21, tzinfo=UTC),
        "estimate": None,
        "billed": None,
        "output": None,
        "error": None,
        "warnings": [],
        "cancel_requested": False,
    }


def test_a_job_shows_its_estimate_and_its_cost() -> None:
    """Both are in billable minutes, and in dollars where the deployment has a price."""
    estimate = Billing(duration_ms=61_440, billable_ms=310_000, cost_micro_usd=38_750)
    job = shown(replace(RUNNING, estimate=estimate, billed=Billing(duration_ms=61_000))).model_dump()
    assert job["estimate"] == {"duration_ms": 61_440, "billable_minutes": 5.17, "usd": 0.03875}
    assert job["billed"] == {"duration_ms": 61_000, "billable_minutes": None, "usd": None}


@pytest.mark.parametrize("status", list(Status))
def test_every_job_status_is_an_api_status(status: Status) -> None:
    """Both representations show the same status, and only a running job has an estimate."""
    job = replace(RUNNING, status=status)
    assert shown(job).status == progress_view(job, now_ms=NOW_MS).status == JobStatus(status.value)
    assert (shown(job).eta_s is not None) == (status is Status.PROGRESSING)


def test_the_progress_view_is_a_subset_of_the_full_view() -> None:
    """Each of its fields has the same value in the full representation."""
    full, light = shown(RUNNING).model_dump(), progress_view(RUNNING, now_ms=NOW_MS).model_dump()
    assert light.items() <= full.items()
    names = {"job_id", "status", "progress_percent", "phase", "eta_s", "updated_at", "cancel_requested"}
    assert set(light) == names


@pytest.mark.parametrize("status", list(Status))
def test_a_requested_cancel_shows_until_the_job_ends(status: Status) -> None:
    """A job that is over has no request, whatever its status."""
    job = replace(RUNNING, status=status).with_cancel_request(now_s=5)
    assert shown(job).cancel_requested == progress_view(job, now_ms=NOW_MS).cancel_requested == (not status.is_final)
    assert not shown(advance(job, Canceled(job_id=job.job_id, time_ms=9))).cancel_requested


def test_a_file_that_was_canceled_before_its_job_is_canceled() -> None:
    """The request shows while the file waits for the attempt that it names, and never for another attempt."""
    queued = Lookup(input_file="a", claim_id="c1", claimed_ms=5, queued_s=5)
    requested = queued.with_cancel_request()
    other = replace(requested, claim_id="c2", claimed_ms=6)
    ended = replace(requested, canceled_s=9)
    views = [view_without_job(each) for each in (queued, requested, other, ended)]
    assert [each.cancel_requested for each in views] == [False, True, False, False]
    assert [each.status for each in views] == ["QUEUED", "QUEUED", "QUEUED", "CANCELED"]


def test_unknown_fields_are_null() -> None:
    """The row of a job that an event created first has neither file nor times yet."""
    job = shown(Job(job_id="1-a"))
    assert (job.input_file, job.file_name, job.progress_percent, job.submitted_at) == (None, None, None, None)
    assert job.status is JobStatus.SUBMITTED


def test_a_finished_job_has_a_playback_url_and_its_renditions() -> None:
    """The URL names the HLS playlist if there is one."""
    output = shown(replace(RUNNING, status=Status.COMPLETE, output=OUTPUT)).output
    assert output is not None
    assert output.playback_url == f"{BASE}/{OUTPUT.path}Big-Buck-Bunny.m3u8"
    assert list(output.model_dump()["renditions"]) == [
        {
            "width_px": 1920,
            "height_px": 1080,
            "duration_ms": 61_440,
            "playlist": "Big-Buck-Bunny_1080p.m3u8",
            "average_bitrate_bps": 4_800_000,
        }
    ]


@pytest.mark.parametrize(
    ("path", "playlist", "url"),
    [
        ("a b/", "c d.m3u8", f"{BASE}/a%20b/c%20d.m3u8"),
        ("港/", "朝.m3u8", f"{BASE}/%E6%B8%AF/%E6%9C%9D.m3u8"),
        ("a+b%20c?d#e/", "f.m3u8", f"{BASE}/a%2Bb%2520c%3Fd%23e/f.m3u8"),
    ],
)
def test_a_playback_url_is_percent_encoded(path: str, playlist: str, url: str) -> None:
    """CloudFront decodes it to the exact key of the object."""
    assert playback_url(path, {".m3u8": playlist}) == url


@pytest.mark.parametrize(
    ("playlists", "name"),
    [
        ({".ism": "a.ism", ".mpd": "a.mpd"}, "a.mpd"),
        ({".ism": "a.ism"}, "a.ism"),
        ({".txt": "a.txt"}, None),
        ({}, None),
    ],
)
def test_the_playback_url_names_the_most_widely_supported_playlist(playlists: dict[str, str], name: str | None) -> None:
    """A job without a playlist has no playback URL."""
    assert playback_url("x/", playlists) == (name and f"{BASE}/x/{name}")


def test_without_a_playback_base_url_there_is_no_playback_url() -> None:
    """The other output fields are shown all the same."""
    output = shown(replace(RUNNING, output=OUTPUT), base=None).output
    assert output is not None
    assert (output.playback_url, output.model_dump()["path"]) == (None, OUTPUT.path)


def test_a_warning_is_shown_once_with_its_message() -> None:
    """COMPLETE repeats the codes of earlier NEW_WARNING events, without messages."""
    warnings = frozenset({JobWarning(code=7), JobWarning(code=7, message="odd"), JobWarning(code=3)})
    shown_warnings = [(each.code, each.message) for each in shown(replace(RUNNING, warnings=warnings)).warnings]
    assert shown_warnings == [(3, ""), (7, "odd")]


def test_a_failed_job_shows_its_code_and_message() -> None:
    """The worker sanitised the message before it stored it."""
    error = shown(replace(RUNNING, status=Status.ERROR, failure=Failure(code=1010, message="unreadable"))).error
    assert error is not None
    assert (error.code, error.message) == (1010, "unreadable")


def test_an_announced_upload_awaits_its_object() -> None:
    """Before the job exists, the job id and the progress are null."""
    job = view_without_job(Lookup(input_file="uploads/6f1c/a.mp4", file_name="ä.mp4", announced_s=1763798399))
    assert (job.job_id, job.status, job.progress_percent) == (None, JobStatus.AWAITING_UPLOAD, None)
    assert (job.input_file, job.file_name) == ("uploads/6f1c/a.mp4", "ä.mp4")
    assert job.updated_at == datetime(2025, 11, 22, 7, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lookup", "status"),
    [
        (Lookup(input_file="a", queued_s=1763798400), JobStatus.QUEUED),
        (Lookup(input_file="a", queued_s=1763798400, replaces="1-a"), JobStatus.QUEUED),
        (Lookup(input_file="a", queued_s=1763798400, failure=Failure(code=504, message="too long")), JobStatus.ERROR),
        (Lookup(input_file="a", announced_s=1763798400), JobStatus.AWAITING_UPLOAD),
    ],
)
def test_an_uploaded_file_is_queued_until_its_job_is_created(lookup: Lookup, status: JobStatus) -> None:
    """The time of the change is the time at which it was queued."""
    job = view_without_job(lookup)
    assert (job.status, job.updated_at) == (status, datetime(2025, 11, 22, 8, tzinfo=UTC))


def test_the_place_in_the_queue_is_shown_while_it_is_known() -> None:
    """Of a file and of a job; null otherwise."""
    place = Place(ahead=3, eta_s=20)
    waiting = Job(job_id="1-a")
    for view in (
        view_without_job(Lookup(input_file="a", queued_s=1), place=place),
        job_view(waiting, place=place, now_ms=NOW_MS, playback_base_url=None),
        file_view(waiting, Lookup(input_file="a"), place=place, now_ms=NOW_MS, playback_base_url=None),
    ):
        assert view.queue is not None
        assert (view.queue.ahead, view.queue.eta_s) == (3, 20)
    assert view_without_job(Lookup(input_file="a", queued_s=1)).queue is None


def test_an_upload_whose_job_can_not_be_created_is_an_error() -> None:
    """A front end must not wait without end for a job that MediaConvert refused."""
    job = view_without_job(Lookup(input_file="a", failure=Failure(code=403, message="may not")))
    assert job.status is JobStatus.ERROR
    assert job.error is not None
    assert (job.error.code, job.error.message) == (403, "may not")


def test_the_owner_is_not_shown() -> None:
    """The owner serves only to check access."""
    assert "user-1" not in shown(RUNNING).model_dump_json()
    assert "owner" not in view_without_job(Lookup(input_file="a", owner="user-1")).model_dump_json()


@pytest.mark.parametrize("name", ["港.mp4", "a" * 1_024, "../x", " "])
def test_any_file_name_may_be_announced(name: str) -> None:
    """The API keeps the name unchanged, and makes only the key safe."""
    assert UploadRequest(file_name=name, content_type="video/mp4", size_bytes=1).file_name == name


@pytest.mark.parametrize(
    "changes",
    [
        {"file_name": ""},
        {"file_name": "a" * 1_025},
        {"file_name": "\ud83d.mp4"},
        {"size_bytes": 0},
        {"size_bytes": -1},
        {"size_bytes": 2**53},
        {"size_bytes": 1.5},
        {"content_type": ""},
        {"contentType": "video/mp4"},
    ],
)
def test_an_invalid_upload_request_is_refused(changes: dict[str, object]) -> None:
    """A field may not be empty, too large, invalid UTF-8 or misspelt."""
    with pytest.raises(ValidationError):
        UploadRequest.model_validate({"file_name": "a.mp4", "content_type": "video/mp4", "size_bytes": 1, **changes})
