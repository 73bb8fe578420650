"""One scenario for all tests of logs, metrics and traces."""

import signal
from collections.abc import Callable, Iterator

import httpx
import pytest

from local.provision import Stack
from tests.reliability.worker_system import small_clip, worker_system

from .receiver import receiving
from .scenario import BEARER, IN_ADDRESS, WITHIN_S, Scenario, upload, wait_for_job


@pytest.fixture(scope="session")
def scenario(
    deploy_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Scenario]:
    """The scenario, run with service and worker as processes of their own, and with OpenTelemetry on."""
    folder, port = tmp_path_factory.mktemp("scenario"), str(free_port())
    with receiving() as (otlp, received), worker_system(deploy_stack(), folder) as system:
        telemetry = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp,
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        service = system.process("service", "service", PORT=port, WEB_DIR="/nonexistent", **telemetry)
        worker = system.worker(**telemetry)
        service.wait_for_log("Uvicorn running")
        worker.wait_for_log("worker.ready")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
            client.headers["Authorization"] = f"Bearer {BEARER}"
            good, url = upload(client, "good.mp4", small_clip(folder), "request-good")
            bad, _ = upload(client, "bad.mp4", b"no video" * 100, "request-bad")
            failed = wait_for_job(client, bad, "ERROR")
            client.post("/jobs", json={"input_file": bad}, headers={"X-Request-Id": "request-again"}).raise_for_status()
            wait_for_job(client, bad, "ERROR", not_job=failed["job_id"])
            wait_for_job(client, good, "COMPLETE")
            client.get("/jobs", params={"input_file": good, "access_token": IN_ADDRESS}).raise_for_status()
            client.get(f"/jobs/{IN_ADDRESS[:5]}", params={"token": IN_ADDRESS})
        for process in (service, worker):
            process.end(signal.SIGTERM)
        # The same name, so that reconciliation logs to the worker's file.
        assert system.process("worker.reconcile", "worker", **telemetry).process.wait(WITHIN_S) == 0
        yield Scenario(
            system=system,
            good_file=good,
            bad_file=bad,
            upload_url=url,
            service=service,
            worker=worker,
            received=received,
        )
