"""The procedures of docs/operations.md, run on a deployment."""

import json
import os
import shlex
import subprocess
import sys
import time

import httpx
import pytest

from local.embedded_aws import ROOT
from tests.deploy.deployments import Deploy, Deployment

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the package is for Linux")


@pytest.fixture
def operator_environment(deployment: Deployment, deploy: Deploy) -> dict[str, str]:
    """Return the environment of an operator's shell; the embedded AWS can't create MediaConvert's stack."""
    result = deploy("settings", "--stack", deployment.name)
    assert result.code == 0, result.errors
    exported = dict(shlex.split(line)[1].split("=", 1) for line in result.lines)
    assert exported["UPLOADS_QUEUE_URL"] == deployment.outputs()["UploadsQueueUrl"]
    return {
        **exported,
        "AWS_ENDPOINT_URL": deployment.endpoint_url,
        "MEDIACONVERT_ROLE": "arn:aws:iam::000000000000:role/MediaConvert",
    }


@pytest.mark.parametrize("queue", ["uploads", "job-events"])
def test_dead_letters_are_listed_with_the_settings_of_the_deployment(
    operator_environment: dict[str, str], queue: str
) -> None:
    """The operator runs `eval "$(python -m deploy settings)"`, and then `python -m worker.redrive`."""
    command = [sys.executable, "-m", "worker.redrive", "--queue", queue]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **operator_environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"{queue}: 0 dead letters" in done.stdout


def test_the_functions_log_contains_the_request_id_of_the_response(deployment: Deployment) -> None:
    """Each JSON log line of the request has the caller's own id."""
    response = httpx.post(
        f"{deployment.endpoint_url}/uploads",
        json={"file_name": "a.mp4", "content_type": "video/mp4", "size_bytes": 1},
        headers={**deployment.api_headers(), "X-Request-Id": "request-of-an-operator"},
        trust_env=False,
        timeout=60,
    )
    assert response.headers["x-request-id"] == "request-of-an-operator"
    deadline_s = time.monotonic() + 20
    events: list[str] = []
    while "request.answered" not in events and time.monotonic() < deadline_s:
        lines = [json.loads(line) for line in deployment.log("service").splitlines() if line.startswith("{")]
        events = [line["event"] for line in lines if line.get("request_id") == "request-of-an-operator"]
        time.sleep(0.2)
    assert events == ["upload.announced", "request.answered"]
