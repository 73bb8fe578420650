"""One story for all tests of what is told: a file that can't be transcoded, tried again, and one that can."""

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from local.provision import Stack
from tests.reliability.worker_system import Plant, Process, eventually, plant, small_clip

from .receiver import Received, receiving

WITHIN_S = 40
BEARER = "secret-of-a-caller-4711"
IN_ADDRESS = "secret-in-an-address-0815"
"""What a caller had better not have said: neither may be told on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened, and what was told of it by logs, spans and metrics."""

    plant: Plant
    good_file: str
    bad_file: str
    upload_url: str
    service: Process
    worker: Process
    received: Received

    def lines(self, process: Process, **fields: object) -> list[dict[str, Any]]:
        """The lines of a process's log, but those for developers, that have these fields."""
        lines = [json.loads(line) for line in process.text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["level"] != "debug" and fields.items() <= line.items()]


def _until(client: httpx.Client, input_file: str, *statuses: str, not_job: str | None = None) -> dict[str, Any]:
    def ask() -> dict[str, Any]:
        job: dict[str, Any] = client.get("/jobs", params={"input_file": input_file}).json()
        return job

    return eventually(
        ask, lambda job: job["status"] in statuses and job["job_id"] not in {None, not_job}, deadline_s=WITHIN_S
    )


def _upload(client: httpx.Client, name: str, body: bytes, request_id: str) -> tuple[str, str]:
    wanted = {"file_name": name, "content_type": "video/mp4", "size_bytes": len(body)}
    answer = client.post("/uploads", json=wanted, headers={"X-Request-Id": request_id})
    assert answer.headers["x-request-id"] == request_id
    upload = answer.json()
    httpx.put(upload["url"], content=body, headers=upload["headers"], trust_env=False).raise_for_status()
    return upload["input_file"], upload["url"]


@pytest.fixture(scope="session")
def story(
    deploy_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Story]:
    """Service and worker as processes of their own, with OpenTelemetry on, and all that happened told."""
    folder, port = tmp_path_factory.mktemp("story"), str(free_port())
    with receiving() as (otlp, received), plant(deploy_stack(), folder) as made:
        telling = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp,
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        service = made.process("service", "service", PORT=port, WEB_DIR="/nonexistent", **telling)
        worker = made.worker(**telling)
        service.until_said("Uvicorn running")
        worker.until_said("worker.ready")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
            client.headers["Authorization"] = f"Bearer {BEARER}"
            good, url = _upload(client, "good.mp4", small_clip(folder), "request-good")
            bad, _ = _upload(client, "bad.mp4", b"no video" * 100, "request-bad")
            failed = _until(client, bad, "ERROR")
            client.post("/jobs", json={"input_file": bad}, headers={"X-Request-Id": "request-again"}).raise_for_status()
            _until(client, bad, "ERROR", not_job=failed["job_id"])
            _until(client, good, "COMPLETE")
            client.get("/jobs", params={"input_file": good, "access_token": IN_ADDRESS}).raise_for_status()
            client.get(f"/jobs/{IN_ADDRESS[:5]}", params={"token": IN_ADDRESS})
        for process in (service, worker):
            process.end(signal.SIGTERM)
        assert made.process("worker.reconcile", "worker", **telling).process.wait(WITHIN_S) == 0  # into the same log
        yield Story(
            plant=made,
            good_file=good,
            bad_file=bad,
            upload_url=url,
            service=service,
            worker=worker,
            received=received,
        )
