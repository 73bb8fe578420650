"""Uploads by form, retries and cancellation, as a user sees them."""

import httpx
import pytest

from .api_calls import final_job, newest_job, upload_by_form
from .running_system import ffmpeg, poll_until


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a film of 60 s, whose job can be canceled while it runs."""
    path = tmp_path_factory.mktemp("long") / "clip.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=60")
    tone = ("-f", "lavfi", "-i", "sine=duration=60")
    ffmpeg(*picture, *tone, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path))
    return path.read_bytes()


def test_a_file_that_was_uploaded_by_form_becomes_a_job(api: httpx.Client, clip: bytes) -> None:
    """S3's event for a form differs from its event for a PUT."""
    assert final_job(api, upload_by_form(api, clip))["status"] == "COMPLETE"


def test_a_failed_job_can_be_retried(api: httpx.Client) -> None:
    """A retry creates another job of the same file; this file is unreadable, so the second job fails too."""
    input_file = upload_by_form(api, b"no video")
    first = final_job(api, input_file)
    retry = api.post("/jobs", json={"input_file": input_file})
    second = poll_until(lambda: newest_job(api, input_file), lambda job: job["job_id"] is not None)
    ended = final_job(api, input_file)
    assert (retry.status_code, retry.json()["status"], retry.json()["job_id"]) == (202, "QUEUED", None)
    assert second["job_id"] != first["job_id"]
    assert (ended["job_id"], ended["status"]) == (second["job_id"], "ERROR")


def test_a_running_job_can_be_canceled_and_retried(api: httpx.Client, long_clip: bytes) -> None:
    """The request shows at once, CANCELED comes soon and stays, and a retry creates another job."""
    input_file = upload_by_form(api, long_clip)
    running = poll_until(lambda: newest_job(api, input_file), lambda job: job["status"] == "PROGRESSING")
    canceled = api.post(f"/jobs/{running['job_id']}/cancel")
    assert (canceled.status_code, canceled.json()["cancel_requested"]) == (202, True)
    assert final_job(api, input_file)["status"] == "CANCELED"
    assert api.post("/jobs", json={"input_file": input_file}).status_code == 202
    retried = poll_until(lambda: newest_job(api, input_file), lambda job: job["job_id"] is not None)
    assert retried["job_id"] != running["job_id"]
    assert api.post(f"/jobs/{retried['job_id']}/cancel").status_code == 202
    assert api.get(f"/jobs/{running['job_id']}").json()["status"] == "CANCELED"
