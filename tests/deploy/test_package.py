"""The Lambda package is reproducible, and its handlers import nothing from outside of it."""

import json
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.provision import Stack
from tests.deploy.deployments import ARCHITECTURE, PYTHON, Deploy
from tests.integration.lambda_events import from_queue, http_api, json_of
from tests.process_environment import environment_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the package is for Linux")

MAX_UNPACKED_BYTES = 250 * 1024**2
DRIVER = """
import importlib, json, sys
folder, handler, result = sys.argv[1:]
sys.path.insert(0, folder)
module, name = handler.rsplit(".", 1)
handle = getattr(importlib.import_module(module), name)
class Context: aws_request_id = "request"
responses = [handle(json.loads(line), Context()) for line in sys.stdin]
files = sorted({each.__file__ for each in sys.modules.values() if getattr(each, "__file__", None)})
with open(result, "w") as file:
    json.dump({"responses": responses, "foreign_files": [each for each in files if "site-packages" in each]}, file)
"""


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the package's files, as on Lambda."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package) as packed:
        packed.extractall(folder)
    return folder


def run(folder: Path, handler: str, events: list[Any], settings: Mapping[str, str]) -> list[Any]:
    """Return the handler's response to each event, in a Python with only the standard library and the package."""
    result_file = folder.parent / "result.json"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", DRIVER, str(folder), handler, str(result_file)],
        input="".join(f"{json.dumps(event)}\n" for event in events),
        env={"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(result_file.read_text(encoding="utf-8"))
    assert result["foreign_files"] == []
    responses: list[Any] = result["responses"]
    return responses


@pytest.fixture
def settings(stack: Stack, mediaconvert: str) -> dict[str, str]:
    """Return the environment of every function."""
    return {**environment_of(stack), "MEDIACONVERT_ENDPOINT_URL": mediaconvert}


def get(url: str) -> dict[str, Any]:
    """Return a GET request as an HTTP API event."""
    return http_api("GET", url, headers={"Host": "api.example.com"}, body=b"")


def test_two_builds_are_identical(package: Path, deploy: Deploy) -> None:
    """A deployment therefore updates functions only if code or packages changed."""
    first = package.read_bytes()
    package.unlink()
    again = deploy("package", "--architecture", ARCHITECTURE, "--python", PYTHON)
    assert again.code == 0, again.errors
    assert package.read_bytes() == first


def test_the_package_is_within_lambdas_size_limits(package: Path) -> None:
    """Lambda accepts 50 MB packed, which the build checks too, and 250 MB unpacked."""
    with zipfile.ZipFile(package) as packed:
        assert sum(entry.file_size for entry in packed.infolist()) < MAX_UNPACKED_BYTES
    assert package.stat().st_size < 50_000_000


def test_the_service_needs_only_the_package(unpacked: Path, settings: dict[str, str]) -> None:
    """It announces and presigns an upload, is ready, and serves its documentation."""
    body = json.dumps({"file_name": "a.mp4", "content_type": "video/mp4", "size_bytes": 5}).encode()
    headers = {"Host": "api.example.com", "Content-Type": "application/json"}
    events = [http_api("POST", "/uploads", headers=headers, body=body), get("/readyz"), get("/docs")]
    announced, ready, documentation = run(unpacked, "service.lambda_handler.handler", events, settings)
    assert (announced["statusCode"], ready["statusCode"], documentation["statusCode"]) == (201, 200, 200)
    assert settings["INPUT_BUCKET"] in json_of(announced)["url"]


def test_access_control_needs_only_the_package(
    unpacked: Path, settings: dict[str, str], client: Callable[[str], Any]
) -> None:
    """The token verifier, the quota and the cookie signer are imported only if they are enabled."""
    pem = rsa.generate_private_key(public_exponent=65_537, key_size=2_048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    secret = client("secretsmanager").create_secret(Name=f"key-{uuid.uuid4().hex}", SecretString=pem.decode())
    access = {
        "AUTH_ISSUER": "http://127.0.0.1:9/",
        "AUTH_AUDIENCE": "videos",
        "UPLOADS_PER_MINUTE": "1",
        "PLAYBACK_BASE_URL": "https://videos.example.com",
        "PLAYBACK_KEY_PAIR_ID": "K1",
        "PLAYBACK_PRIVATE_KEY_SECRET_ARN": secret["ARN"],
    }
    (refused,) = run(unpacked, "service.lambda_handler.handler", [get("/jobs/1-x")], settings | access)
    assert refused["statusCode"] == 401


def test_the_worker_needs_only_the_package(unpacked: Path, settings: dict[str, str], stack: Stack) -> None:
    """The response lists the failed messages of the batch."""
    arn = f"arn:aws:sqs:us-east-1:000000000000:{stack.job_events_queue_url.rsplit('/', 1)[-1]}"
    foreign = json.dumps({"detail-type": "MediaConvert Job State Change", "source": "aws.mediaconvert", "detail": {}})
    message = {"MessageId": "1", "ReceiptHandle": "r", "Body": foreign}
    (response,) = run(unpacked, "worker.lambda_handler.handler", [from_queue(arn, [message])], settings)
    assert set(response) == {"batchItemFailures"}


def test_reconciliation_needs_only_the_package(
    unpacked: Path, deploy_stack: Callable[..., Stack], mediaconvert: str
) -> None:
    """The function returns its counts. It has a stack of its own, without open rows of other tests."""
    settings = {**environment_of(deploy_stack()), "MEDIACONVERT_ENDPOINT_URL": mediaconvert}
    (tally,) = run(unpacked, "worker.lambda_reconcile.handler", [{}], settings)
    assert tally["unmended"] == 0
