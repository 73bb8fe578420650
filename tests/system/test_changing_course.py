"""Other ways in and out, as a user meets them: by form, tried again, canceled."""

from typing import Any

import httpx
import pytest

from .running import eventually, ffmpeg

FINAL = {"COMPLETE", "ERROR", "CANCELED"}


def upload(api: httpx.Client, body: bytes) -> str:
    """Upload a file by form, as Uppy does, and return its key."""
    form = api.get("/s3/params", params={"filename": "clip.mp4", "type": "video/mp4"}).json()
    answer = httpx.post(form["url"], data=form["fields"], files={"file": ("clip.mp4", body)})
    assert answer.status_code == 201, answer.text
    return str(form["fields"]["key"])


def job_of(api: httpx.Client, input_file: str) -> dict[str, Any]:
    """What the API says of the file's newest job."""
    answer = api.get("/jobs", params={"input_file": input_file})
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


def finished(api: httpx.Client, input_file: str) -> dict[str, Any]:
    """The file's job, once it is over."""
    return eventually(lambda: job_of(api, input_file), lambda job: job["status"] in FINAL)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A film that takes a while."""
    path = tmp_path_factory.mktemp("long") / "clip.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=60")
    tone = ("-f", "lavfi", "-i", "sine=duration=60")
    ffmpeg(*picture, *tone, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path))
    return path.read_bytes()


def test_a_file_that_came_by_form_becomes_a_job(api: httpx.Client, clip: bytes) -> None:
    """S3's event for a form is another than for a PUT, and as good."""
    assert finished(api, upload(api, clip))["status"] == "COMPLETE"


def test_an_error_can_be_tried_again(api: httpx.Client) -> None:
    """The same file, another job; this one can't be read any better, and ends by itself."""
    input_file = upload(api, b"no video")
    first = finished(api, input_file)
    asked = api.post("/jobs", json={"input_file": input_file})
    second = eventually(lambda: job_of(api, input_file), lambda job: job["job_id"] is not None)
    ended = finished(api, input_file)
    assert (asked.status_code, asked.json()["status"], asked.json()["job_id"]) == (202, "SUBMITTED", None)
    assert second["job_id"] != first["job_id"]
    assert (ended["job_id"], ended["status"]) == (second["job_id"], "ERROR")


def test_a_running_job_can_be_canceled_and_tried_again(api: httpx.Client, long_clip: bytes) -> None:
    """CANCELED at once and for good, whatever events still come; and another job can follow."""
    input_file = upload(api, long_clip)
    running = eventually(lambda: job_of(api, input_file), lambda job: job["status"] == "PROGRESSING")
    canceled = api.post(f"/jobs/{running['job_id']}/cancel")
    assert (canceled.status_code, canceled.json()["status"]) == (202, "CANCELED")
    assert api.post("/jobs", json={"input_file": input_file}).status_code == 202
    again = eventually(lambda: job_of(api, input_file), lambda job: job["job_id"] is not None)
    assert again["job_id"] != running["job_id"]
    assert api.post(f"/jobs/{again['job_id']}/cancel").status_code == 202
    assert api.get(f"/jobs/{running['job_id']}").json()["status"] == "CANCELED"
