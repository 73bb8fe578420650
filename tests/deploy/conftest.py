"""Fixtures: the Lambda package for this Python version, and a deployment of it in the embedded AWS."""

import base64
import contextlib
import functools
import json
import os
import secrets
import shutil
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from deploy.aws_account import Account, open_account
from local.embedded_aws import ROOT
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from tests.deploy.deployments import ARCHITECTURE, PYTHON, CommandResult, Deploy, Deployment

CALL_RECORDER = Path(__file__).parent / "call_recorder"
WEBHOOK_URL = "https://hooks.example.com/videos"


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the files that are deployed, so that an edit between two runs changes nothing."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("deploy", "infra", "transcode", "service", "worker"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "requirements").mkdir()
    shutil.copy(ROOT / "requirements" / "base.lock", folder / "requirements")
    (folder / "web" / "dist" / "assets").mkdir(parents=True)
    (folder / "web" / "dist" / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (folder / "web" / "dist" / "config.js").write_text("", encoding="utf-8")
    (folder / "web" / "dist" / "assets" / "index-1a2b.js").write_text("", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def calls_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of the AWS calls of deployments, one a line; checks alone and a destruction aren't recorded."""
    path = tmp_path_factory.mktemp("calls") / "calls"
    path.touch()
    return path


@pytest.fixture(scope="session")
def deploy(checkout: Path, calls_file: Path, aws_endpoint: str) -> Deploy:
    """Return a function that runs `python -m deploy` in the copy of the checkout, for the embedded AWS."""
    return functools.partial(_deploy, checkout, calls_file, aws_endpoint)


def _deploy(
    checkout: Path,
    calls_file: Path,
    aws_endpoint: str,
    *arguments: str,
    environment: Mapping[str, str | None] | None = None,
    answer: str = "",
) -> CommandResult:
    """Run `python -m deploy` in a changed environment (None unsets a variable), with `answer` as its input."""
    recording = {"PYTHONPATH": str(CALL_RECORDER), "DEPLOY_CALLS_FILE": str(calls_file)}
    if arguments[0] in {"preflight", "down"}:
        recording = {}
    variables = {**os.environ, "AWS_ENDPOINT_URL": aws_endpoint, **recording, **(environment or {})}
    done = subprocess.run(
        [sys.executable, "-m", "deploy", *arguments],
        cwd=checkout,
        env={name: value for name, value in variables.items() if value is not None},
        input=answer,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return CommandResult(code=done.returncode, lines=done.stdout.splitlines(), errors=done.stderr.strip())


@pytest.fixture(scope="session")
def package(checkout: Path, deploy: Deploy) -> Path:
    """Return the path of the package for this machine."""
    result = deploy("package", "--architecture", ARCHITECTURE, "--python", PYTHON)
    assert result.code == 0, result.errors
    return checkout / result.lines[0].split()[0]


@pytest.fixture(scope="session")
def mediaconvert(aws_endpoint: str) -> Iterator[str]:
    """Yield the URL of a MediaConvert emulator that has the project's job template."""
    settings = EmulatorSettings(
        port=0, aws_endpoint_url=aws_endpoint, templates=(ROOT / "infra" / "job_template.json",)
    )
    with serving(settings) as url:
        yield url


@pytest.fixture(scope="session")
def client(aws_endpoint: str) -> Iterator[Callable[[str], Any]]:
    """Yield a function that returns a client of any service of the embedded AWS."""
    with contextlib.ExitStack() as opened:

        @functools.cache
        def _client(service: str) -> Any:  # noqa: ANN401 -- a client of any service
            created = boto3.client(service, endpoint_url=aws_endpoint)
            opened.callback(created.close)
            return created

        yield _client


@pytest.fixture
async def account(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Account]:
    """Yield the account of the embedded AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    async with open_account("us-east-1") as open_account_account:
        yield open_account_account


@pytest.fixture(scope="session")
def deployment(
    aws_endpoint: str, mediaconvert: str, package: Path, client: Callable[[str], Any], deploy: Deploy
) -> Iterator[Deployment]:
    """Deploy everything that the embedded AWS can run, and destroy the deployment at the end."""
    assert package.exists()  # built here once, so that the command doesn't build it again
    name = f"deployed-{uuid.uuid4().hex[:8]}"
    stand_in = json.dumps(_mediaconvert_stand_in(name))
    client("cloudformation").create_stack(StackName=f"{name}-stand-in", TemplateBody=stand_in)
    options = (
        *("up", "--target", "lambda", "--stack", name, "--open"),
        *("--without", "mediaconvert", "--without", "alarms"),
        *("--tag", "team=video", "--tag", "env=test"),
        *("--set", "RequireTls=false", "--set", "MediaConvertEventSource=local.mediaconvert"),
        *("--set", f"Architecture={ARCHITECTURE}", "--set", f"PythonVersion={PYTHON}"),
        # Each concurrent invocation is a cold start in the embedded AWS.
        *("--set", "UploadsConcurrency=2", "--set", "JobEventsConcurrency=2"),
        *("--set", f"AwsEndpointUrl={aws_endpoint}", "--set", f"MediaConvertEndpointUrl={mediaconvert}"),
    )
    first = deploy(*options)
    assert first.code == 0, first.errors
    _convert_concurrency_to_number(client("lambda"), name)
    _allow_batch_actions(client("iam"), client("lambda"), name)
    yield Deployment(name=name, endpoint_url=aws_endpoint, first=first, options=options, client=client)
    destroyed = deploy("down", "--stack", name, "--data", "delete", "--yes")
    assert destroyed.code == 0, destroyed.errors


@pytest.fixture
def api(deployment: Deployment) -> Iterator[httpx.Client]:
    """Yield a client that calls the deployed API as CloudFront does."""
    headers = deployment.api_headers()
    with httpx.Client(base_url=deployment.endpoint_url, headers=headers, trust_env=False, timeout=60) as opened:
        yield opened


@pytest.fixture(scope="session")
def webhook_secret() -> str:
    """A secret with which the deployment signs webhooks."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"


@pytest.fixture(scope="session")
def second_release(deployment: Deployment, deploy: Deploy, webhook_secret: str) -> CommandResult:
    """Deploy again, with an endpoint of webhooks whose secret is in Secrets Manager."""
    manager = deployment.client("secretsmanager")
    secret = manager.create_secret(Name=f"{deployment.name}-webhook-1", SecretString=webhook_secret)
    endpoint = ("--set", f"Webhook1Url={WEBHOOK_URL}", "--set", f"Webhook1SecretArn={secret['ARN']}")
    result = deploy(*deployment.options, *endpoint)
    assert result.code == 0, result.errors
    _allow_batch_actions(deployment.client("iam"), deployment.client("lambda"), deployment.name)
    return result


def _convert_concurrency_to_number(client: Any, name: str) -> None:  # noqa: ANN401 -- no type stubs
    """Set the concurrency again as a number, because the embedded AWS reads a parameter's value as text."""
    for mapping in client.list_event_source_mappings()["EventSourceMappings"]:
        if f":{name}-" in mapping["EventSourceArn"]:
            concurrency = int(mapping["ScalingConfig"]["MaximumConcurrency"])
            client.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": concurrency})


def _allow_batch_actions(iam: Any, functions: Any, name: str) -> None:  # noqa: ANN401
    """Allow the batch action that the embedded AWS checks; IAM has none, and AWS checks the single action instead."""
    for function in functions.list_functions()["Functions"]:
        if function["FunctionName"].startswith(f"{name}-lambda-Worker"):
            batch = {"Effect": "Allow", "Action": "sqs:ChangeMessageVisibilityBatch", "Resource": "*"}
            iam.put_role_policy(
                RoleName=function["Role"].rsplit("/", 1)[-1],
                PolicyName="batches",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [batch]}),
            )


def _mediaconvert_stand_in(name: str) -> dict[str, Any]:
    """Return a stack with the exports of `mediaconvert.yaml`, whose resource types the embedded AWS lacks."""
    arn = "arn:aws:mediaconvert:us-east-1:000000000000"
    exports = {
        "MediaConvertRoleArn": "arn:aws:iam::000000000000:role/MediaConvert",
        "MediaConvertQueueArn": f"{arn}:queues/Default",
        "MediaConvertJobTemplates": '{"hls": "mediaconvert-status-hls"}',
        "MediaConvertJobTemplateArns": f"{arn}:jobTemplates/mediaconvert-status-hls",
    }
    return {
        "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": {key: {"Value": value, "Export": {"Name": f"{name}-{key}"}} for key, value in exports.items()},
    }
