"""The life of an upload as a back end sees it: announced with its own ids, notified, listed, deleted, and gone."""

import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from .api_calls import upload
from .running_system import System, poll_until
from .webhook_inbox import Inbox, webhook_inbox

SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    """Yield a back end's inbox."""
    with webhook_inbox(SECRET) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def notifying(start_system: Callable[..., System], inbox: Inbox) -> System:
    """Start a system that sends its webhooks to the inbox."""
    return start_system(WEBHOOK_1_URL=inbox.url, WEBHOOK_1_SECRETS=SECRET, WEBHOOKS_ALLOW_LOCAL="true")


def listed(api: httpx.Client, **filters: str) -> list[dict[str, Any]]:
    """Return the first page of the caller's uploads."""
    response = api.get("/uploads", params=filters)
    assert response.status_code == 200, response.text
    uploads: list[dict[str, Any]] = response.json()["data"]
    return uploads


def audit(system: System) -> subprocess.CompletedProcess[str]:
    """Run the audit as an operator does, on everything that is older than this moment."""
    return subprocess.run(
        [sys.executable, "-m", "worker.audit", "--grace-s", "0"],
        env={**os.environ, **system.settings, "AWS_ENDPOINT_URL": system.aws_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_back_end_follows_an_upload_from_its_announcement_to_its_deletion(
    notifying: System, inbox: Inbox, clip: bytes
) -> None:
    """Webhooks that the client verifies, the list, DELETE, the last webhook; then an audit finds nothing."""
    own: dict[str, Any] = {
        "external_id": f"lesson-{secrets.token_hex(4)}",
        "metadata": {"course": "42", "unit": "vögel"},
    }
    with httpx.Client(base_url=notifying.api_url, timeout=30) as api:
        input_file = upload(api, clip, file_name="holiday.mp4", **own)
        poll_until(lambda: inbox.types(input_file), lambda types: "job.complete" in types)
        job = inbox.job(input_file, "job.complete")
        assert {name: job[name] for name in own} == own
        assert httpx.get(job["output"]["playback_url"]).status_code == 200
        (found,) = listed(api, external_id=own["external_id"], status="COMPLETE")
        assert {name: found[name] for name in ("job_id", *own)} == {name: job[name] for name in ("job_id", *own)}
        assert audit(notifying).returncode == 0, "an upload that stays is no finding"

        assert api.delete("/uploads", params={"input_file": input_file}).status_code == 202
        assert api.get("/jobs", params={"input_file": input_file}).status_code == 404
        poll_until(lambda: inbox.types(input_file), lambda types: "upload.deleted" in types)
        assert listed(api, external_id=own["external_id"]) == []
    assert inbox.job(input_file, "upload.deleted")["external_id"] == own["external_id"]
    assert set(inbox.types(input_file)) == {"job.submitted", "job.complete", "upload.deleted"}
    assert inbox.refused == []
    assert httpx.get(job["output"]["playback_url"]).status_code in {403, 404}
    done = audit(notifying)
    assert (done.returncode, "0 problems" in done.stdout) == (0, True), done.stdout + done.stderr
