"""What docs/operations.md tells an operator to do, done on a deployment."""

import json
import os
import shlex
import subprocess
import sys
import time
from urllib.parse import urlsplit

import httpx
import pytest

from local.embedded_aws import ROOT
from tests.deploy.conftest import Deploy, Deployment

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the package is for Linux")


@pytest.fixture
def operators(deployment: Deployment, deploy: Deploy) -> dict[str, str]:
    """The environment of an operator's shell; MediaConvert's stack is one that the embedded AWS can't make."""
    told = deploy("settings", "--stack", deployment.name)
    assert told.code == 0, told.errors
    exported = dict(shlex.split(line)[1].split("=", 1) for line in told.lines)
    assert exported["UPLOADS_QUEUE_URL"] == deployment.outputs()["UploadsQueueUrl"]
    return {**exported, "MEDIACONVERT_ROLE": "arn:aws:iam::000000000000:role/MediaConvert"}


@pytest.mark.parametrize("queue", ["uploads", "job-events"])
def test_dead_letters_are_shown_with_the_settings_of_the_deployment(operators: dict[str, str], queue: str) -> None:
    """`eval "$(python -m deploy settings)"`, then `python -m worker.redrive`."""
    command = [sys.executable, "-m", "worker.redrive", "--queue", queue]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **operators}, capture_output=True, text=True, timeout=60, check=True
    )
    assert f"{queue}: 0 dead letters" in done.stdout


def test_a_request_is_found_in_the_functions_log_by_the_id_of_its_answer(deployment: Deployment) -> None:
    """The caller's own id, in each line of the request, which are JSON as the metric filters read them."""
    address = deployment.outputs("lambda")["ApiUrl"]
    answer = httpx.post(
        f"{deployment.endpoint_url}/uploads",
        json={"file_name": "a.mp4", "content_type": "video/mp4", "size_bytes": 1},
        headers={"Host": urlsplit(address).netloc, "X-Request-Id": "request-of-an-operator"},
        trust_env=False,
        timeout=60,
    )
    assert answer.headers["x-request-id"] == "request-of-an-operator"
    until = time.monotonic() + 20
    events: list[str] = []
    while "request.answered" not in events and time.monotonic() < until:
        lines = [json.loads(line) for line in deployment.log("service").splitlines() if line.startswith("{")]
        events = [line["event"] for line in lines if line.get("request_id") == "request-of-an-operator"]
        time.sleep(0.2)
    assert events == ["upload.announced", "request.answered"]
