"""The Lambda package: built twice it is the same, and its handlers need nothing but what is in it."""

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
from tests.deploy.conftest import ARCHITECTURE, PYTHON, Deploy
from tests.integration.lambda_events import from_queue, http_api, json_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the package is for Linux")

LARGEST_UNPACKED_BYTES = 250 * 1024**2
DRIVER = """
import importlib, json, sys
folder, handler, told = sys.argv[1:]
sys.path.insert(0, folder)
module, name = handler.rsplit(".", 1)
handle = getattr(importlib.import_module(module), name)
class Context: aws_request_id = "request"
answers = [handle(json.loads(line), Context()) for line in sys.stdin]
files = sorted({each.__file__ for each in sys.modules.values() if getattr(each, "__file__", None)})
with open(told, "w") as file:
    json.dump({"answers": answers, "strangers": [each for each in files if "site-packages" in each]}, file)
"""


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, as Lambda lays it out."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package) as packed:
        packed.extractall(folder)
    return folder


def run(folder: Path, handler: str, events: list[Any], settings: Mapping[str, str]) -> list[Any]:
    """What the handler answers, in a Python that has nothing but its standard library and the package."""
    told = folder.parent / "told.json"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", DRIVER, str(folder), handler, str(told)],
        input="".join(f"{json.dumps(event)}\n" for event in events),
        env={"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(told.read_text(encoding="utf-8"))
    assert said["strangers"] == []
    answers: list[Any] = said["answers"]
    return answers


@pytest.fixture
def settings(stack: Stack, mediaconvert: str) -> dict[str, str]:
    """The environment of every function."""
    return {
        "AWS_ENDPOINT_URL": stack.endpoint_url,
        "INPUT_BUCKET": stack.input_bucket,
        "OUTPUT_BUCKET": stack.output_bucket,
        "INPUT_FILE_TABLE": stack.input_file_table,
        "OUTPUT_TABLE": stack.output_table,
        "STATUS_TABLE": stack.status_table,
        "UPLOADS_QUEUE_URL": stack.uploads_queue_url,
        "JOB_EVENTS_QUEUE_URL": stack.job_events_queue_url,
        "MEDIACONVERT_ROLE": "arn:aws:iam::000000000000:role/MediaConvert",
        "MEDIACONVERT_ENDPOINT_URL": mediaconvert,
    }


def get(url: str) -> dict[str, Any]:
    """A GET, as an HTTP API hands it over."""
    return http_api("GET", url, headers={"Host": "api.example.com"}, body=b"")


def test_two_builds_are_the_same_bits(package: Path, deploy: Deploy) -> None:
    """So a deployment changes functions only where code or packages have changed."""
    first = package.read_bytes()
    package.unlink()
    again = deploy("package", "--architecture", ARCHITECTURE, "--python", PYTHON)
    assert again.code == 0, again.errors
    assert package.read_bytes() == first


def test_it_is_small_enough_for_lambda(package: Path) -> None:
    """Fifty megabytes packed, which `build` sees to, and 250 unpacked."""
    with zipfile.ZipFile(package) as packed:
        assert sum(entry.file_size for entry in packed.infolist()) < LARGEST_UNPACKED_BYTES
    assert package.stat().st_size < 50_000_000


def test_the_service_runs_from_it_alone(unpacked: Path, settings: dict[str, str]) -> None:
    """An upload is announced, presigned and found; the documentation has its files."""
    asked = json.dumps({"file_name": "a.mp4", "content_type": "video/mp4", "size_bytes": 5}).encode()
    headers = {"Host": "api.example.com", "Content-Type": "application/json"}
    events = [http_api("POST", "/uploads", headers=headers, body=asked), get("/readyz"), get("/docs")]
    announced, ready, documentation = run(unpacked, "service.lambda_handler.handler", events, settings)
    assert (announced["statusCode"], ready["statusCode"], documentation["statusCode"]) == (201, 200, 200)
    assert settings["INPUT_BUCKET"] in json_of(announced)["url"]


def test_access_control_runs_from_it_alone(
    unpacked: Path, settings: dict[str, str], client: Callable[[str], Any]
) -> None:
    """The verifier of tokens, the quota and the signer of cookies are imported only where they are on."""
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


def test_the_worker_runs_from_it_alone(unpacked: Path, settings: dict[str, str], stack: Stack) -> None:
    """A batch of a queue's is told by message what is to come again."""
    arn = f"arn:aws:sqs:us-east-1:000000000000:{stack.job_events_queue_url.rsplit('/', 1)[-1]}"
    foreign = json.dumps({"detail-type": "MediaConvert Job State Change", "source": "aws.mediaconvert", "detail": {}})
    message = {"MessageId": "1", "ReceiptHandle": "r", "Body": foreign}
    (answer,) = run(unpacked, "worker.lambda_handler.handler", [from_queue(arn, [message])], settings)
    assert set(answer) == {"batchItemFailures"}


def test_reconciliation_runs_from_it_alone(unpacked: Path, settings: dict[str, str]) -> None:
    """It lists MediaConvert's jobs and tells what it did."""
    (tally,) = run(unpacked, "worker.lambda_reconcile.handler", [{}], settings)
    assert tally["unmended"] == 0
