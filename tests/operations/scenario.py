"""The events that the tests of logs, metrics and traces look at, and what service and worker reported about them."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from tests.reliability.worker_system import Process, WorkerSystem, eventually

from .receiver import Received

WITHIN_S = 40
BEARER = "secret-of-a-caller-4711"
IN_ADDRESS = "secret-in-an-address-0815"
"""Secrets that a caller sends: in the Authorization header, and by mistake in a URL. No report may have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """An upload that is transcoded, and one that fails and is retried; with the logs, spans and metrics of both."""

    system: WorkerSystem
    good_file: str
    bad_file: str
    upload_url: str
    service: Process
    worker: Process
    received: Received

    def lines(self, process: Process, **fields: object) -> list[dict[str, Any]]:
        """Return the lines of the process's log, without DEBUG, that have these fields."""
        lines = [json.loads(line) for line in process.text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["level"] != "debug" and fields.items() <= line.items()]


def wait_for_job(client: httpx.Client, input_file: str, *statuses: str, not_job: str | None = None) -> dict[str, Any]:
    """Return the file's job once it has one of the statuses, and is not the one with the id `not_job`."""

    def read() -> dict[str, Any]:
        job: dict[str, Any] = client.get("/jobs", params={"input_file": input_file}).json()
        return job

    return eventually(
        read, lambda job: job["status"] in statuses and job["job_id"] not in {None, not_job}, deadline_s=WITHIN_S
    )


def upload(client: httpx.Client, name: str, body: bytes, request_id: str) -> tuple[str, str]:
    """Announce and upload a file; return its key, and the URL of the upload."""
    announcement = {"file_name": name, "content_type": "video/mp4", "size_bytes": len(body)}
    response = client.post("/uploads", json=announcement, headers={"X-Request-Id": request_id})
    assert response.headers["x-request-id"] == request_id
    announced = response.json()
    httpx.put(announced["url"], content=body, headers=announced["headers"], trust_env=False).raise_for_status()
    return announced["input_file"], announced["url"]
