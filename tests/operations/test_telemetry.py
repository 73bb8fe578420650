"""The cost of telemetry where it is off, and where the OpenTelemetry collector can't be reached."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.embedded_aws import ROOT
from local.provision import Stack
from tests.reliability.worker_system import worker_system


@pytest.mark.parametrize("process", ["service", "worker"])
def test_telemetry_that_is_off_is_not_imported(process: str) -> None:
    """Neither the SDK nor the exporter, so that a cold start without telemetry doesn't take longer."""
    modules = {"service": "service.app, service.lambda_app", "worker": "worker.__main__, worker.lambda_app"}[process]
    imported = "print(*(name in sys.modules for name in ('opentelemetry.sdk', 'google.protobuf', 'requests')))"
    code = f"import sys, {modules}; from transcode import telemetry; telemetry.start('x'); {imported}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, env={})
    assert done.stdout.split() == ["False", "False", "False"]


@pytest.mark.serial
def test_an_unreachable_collector_does_not_delay_the_worker(
    deploy_stack: Callable[..., Stack], tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """The worker handles its messages, and stops within its grace period."""
    with worker_system(deploy_stack(), tmp_path) as system:
        worker = system.worker(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}")
        worker.wait_for_log("worker.ready")
        system.upload("uploads/00112233445566778899aabbccddeeff/a.mp4", b"no video")
        worker.wait_for_log("job.submitted")
        began_s = time.monotonic()
        assert worker.end(signal.SIGTERM) == 0
        assert time.monotonic() - began_s < 10


@pytest.mark.serial
def test_only_the_first_invocation_waits_for_an_unreachable_collector(free_port: Callable[[], int]) -> None:
    """Lambda freezes what an invocation has not sent by its end, but callers must not wait each time."""
    code = (
        "import time; from transcode import telemetry; from transcode.correlation import Correlation\n"
        "telemetry.start('x')\n"
        "for _ in range(3):\n"
        "    with telemetry.continue_trace(Correlation(), 'work'): pass\n"
        "    began = time.monotonic(); telemetry.flush(); print(time.monotonic() - began > 1)\n"
    )
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, env=environment
    )
    waited = [line for line in done.stdout.splitlines() if line in {"True", "False"}]
    assert waited == ["True", "False", "False"]
