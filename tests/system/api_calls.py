"""API calls that several system tests make: uploads, and reads of a file's job. Imports nothing from the program."""

from typing import Any

import httpx

from .running_system import poll_until

FINAL = {"COMPLETE", "ERROR", "CANCELED"}


def upload(api: httpx.Client, body: bytes, *, file_name: str = "clip.mp4", **more: object) -> str:
    """Announce and PUT a file as a front end does, and return its key. `more` are fields of the announcement."""
    fields = {"file_name": file_name, "content_type": "video/mp4", "size_bytes": len(body), **more}
    announced = api.post("/uploads", json=fields)
    assert announced.status_code == 201, announced.text
    response = httpx.put(announced.json()["url"], content=body, headers=announced.json()["headers"])
    assert response.status_code == 200, response.text
    return str(announced.json()["input_file"])


def upload_by_form(api: httpx.Client, body: bytes) -> str:
    """POST a file as a form, as Uppy does, and return its key."""
    form = api.get("/s3/params", params={"filename": "clip.mp4", "type": "video/mp4"}).json()
    response = httpx.post(form["url"], data=form["fields"], files={"file": ("clip.mp4", body)})
    assert response.status_code == 201, response.text
    return str(form["fields"]["key"])


def newest_job(api: httpx.Client, input_file: str) -> dict[str, Any]:
    """Return the file's newest job, as the API shows it."""
    response = api.get("/jobs", params={"input_file": input_file})
    assert response.status_code == 200, response.text
    job: dict[str, Any] = response.json()
    return job


def final_job(api: httpx.Client, input_file: str) -> dict[str, Any]:
    """Wait until the file's newest job is final, and return it."""
    return poll_until(lambda: newest_job(api, input_file), lambda job: job["status"] in FINAL)
