"""Metrics that come, secrets that don't, and what telemetry costs those who want none, or whose collector is away."""

import base64
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from local.embedded import ROOT
from local.provision import Stack
from tests.reliability.worker_system import plant

from .conftest import BEARER, IN_ADDRESS, Story


def test_the_metrics_that_matter_come(story: Story) -> None:
    """The worker's own, and FastAPI's of the requests."""
    names = {name for process, name in story.received.metrics if process == "mediaconvert-status-worker"}
    own = {name.removeprefix("mediaconvert_status.") for name in names}
    assert {"upload_to_job", "job_to_final", "event_wait", "events", "jobs_stuck"} <= own
    assert ("mediaconvert-status-service", "http.server.request.duration") in story.received.metrics


def _secrets(story: Story) -> list[str]:
    keys = [
        row["KeyValue"]["S"]
        for row in story.plant.dynamodb.scan(TableName=story.plant.stack.output_table)["Items"]
        if "KeyValue" in row
    ]
    assert len(keys) >= 3
    raw = [base64.b64encode(bytes.fromhex(key)).decode() for key in keys]
    query = parse_qs(urlsplit(story.upload_url).query)
    return [*keys, *raw, *query["X-Amz-Signature"], "X-Amz-Credential", "StaticKeyValue", BEARER, IN_ADDRESS]


def test_no_key_token_or_signed_address_is_told(story: Story) -> None:
    """Neither in a log, at DEBUG, nor in a span, nor in a metric."""
    told = b"\n".join(story.received.raw) + story.service.log.read_bytes() + story.worker.log.read_bytes()
    assert len(told) > 10_000
    assert [secret for secret in _secrets(story) if secret.encode() in told] == []
    assert [key for key in _secrets(story)[:3] if bytes.fromhex(key) in told] == []


@pytest.mark.parametrize("process", ["service", "worker"])
def test_what_is_off_is_not_imported(process: str) -> None:
    """Neither the SDK nor the exporter: a cold start without telemetry pays nothing for it."""
    modules = {"service": "service.app, service.lambda_app", "worker": "worker.__main__, worker.lambda_app"}[process]
    looking = "print(*(name in sys.modules for name in ('opentelemetry.sdk', 'google.protobuf', 'requests')))"
    code = f"import sys, {modules}; from transcode import telemetry; telemetry.start('x'); {looking}"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, env={})
    assert told.stdout.split() == ["False", "False", "False"]


@pytest.mark.serial
def test_a_collector_that_is_away_holds_nothing_up(
    deploy_stack: Callable[..., Stack], tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """The worker does its work, and stops within the time that it is given."""
    with plant(deploy_stack(), tmp_path) as made:
        worker = made.worker(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}")
        worker.until_said("worker.ready")
        made.upload("uploads/00112233445566778899aabbccddeeff/a.mp4", b"no video")
        worker.until_said("job.submitted")
        began_s = time.monotonic()
        assert worker.end(signal.SIGTERM) == 0
        assert time.monotonic() - began_s < 10


@pytest.mark.serial
def test_one_invocation_alone_waits_for_a_collector_that_is_away(free_port: Callable[[], int]) -> None:
    """Lambda freezes what is not sent by an invocation's end; but whoever calls has not asked for a trace."""
    code = (
        "import time; from transcode import telemetry; from transcode.correlation import Correlation\n"
        "telemetry.start('x')\n"
        "for _ in range(3):\n"
        "    with telemetry.following(Correlation(), 'work'): pass\n"
        "    began = time.monotonic(); telemetry.flush(); print(time.monotonic() - began > 1)\n"
    )
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, env=environment
    )
    waited = [line for line in told.stdout.splitlines() if line in {"True", "False"}]
    assert waited == ["True", "False", "False"]
