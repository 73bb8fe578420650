"""The Lambda package for this very Python, and a deployment of it in the embedded AWS."""

import contextlib
import functools
import json
import os
import platform
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.embedded_aws import ROOT
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a run of the command said."""

    code: int
    lines: list[str]
    errors: str

    @property
    def outcomes(self) -> dict[str, str]:
        """What became of each stack and of the package."""
        told = [line.split(maxsplit=1) for line in self.lines[1:] if not line.startswith(("  ", "access "))]
        return {name: outcome.strip() for name, outcome in told}

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses, by what for."""
        return dict(line.split() for line in self.lines if line.startswith("  "))


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is deployed, so that nothing changes between two runs; an editor may be open meanwhile."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("deploy", "infra", "transcode", "service", "worker"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements/base.lock", folder)
    (folder / "web" / "dist" / "assets").mkdir(parents=True)
    (folder / "web" / "dist" / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (folder / "web" / "dist" / "config.js").write_text("", encoding="utf-8")
    (folder / "web" / "dist" / "assets" / "index-1a2b.js").write_text("", encoding="utf-8")
    return folder


Deploy = Callable[..., Told]


@pytest.fixture(scope="session")
def deploy(checkout: Path) -> Deploy:
    """Runs `python -m deploy`, in the copy of the checkout."""
    return functools.partial(_deploy, checkout)


def _deploy(
    checkout: Path, *arguments: str, environment: Mapping[str, str | None] | None = None, answer: str = ""
) -> Told:
    """Run `python -m deploy` in this environment, changed (None for unset), and give it an answer where it asks."""
    changed = {**os.environ, **(environment or {})}
    done = subprocess.run(
        [sys.executable, "-m", "deploy", *arguments],
        cwd=checkout,
        env={name: value for name, value in changed.items() if value is not None},
        input=answer,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return Told(code=done.returncode, lines=done.stdout.splitlines(), errors=done.stderr.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment in the embedded AWS."""

    name: str
    endpoint_url: str
    first: Told
    options: tuple[str, ...]
    client: Callable[[str], Any]
    """Gives a client of any service of the embedded AWS."""

    def log(self, process: str) -> str:
        """What a function has logged so far: `service` or `worker`."""
        group = f"/aws/lambda/{self.name}-{process}"
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return "\n".join(event["message"] for page in pages for event in page["events"])

    def outputs(self, role: str = "pipeline") -> dict[str, str]:
        """The outputs of one of its stacks."""
        name = self.name if role == "pipeline" else f"{self.name}-{role}"
        (stack,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


@pytest.fixture(scope="session")
def package(checkout: Path, deploy: Deploy) -> Path:
    """The package that this machine can run."""
    told = deploy("package", "--architecture", ARCHITECTURE, "--python", PYTHON)
    assert told.code == 0, told.errors
    return checkout / told.lines[0].split()[0]


@pytest.fixture(scope="session")
def mediaconvert(aws_endpoint: str) -> Iterator[str]:
    """The MediaConvert emulator, which knows the project's job template."""
    settings = EmulatorSettings(
        port=0, aws_endpoint_url=aws_endpoint, templates=(ROOT / "infra" / "job_template.json",)
    )
    with serving(settings) as url:
        yield url


@pytest.fixture(scope="session")
def client(aws_endpoint: str) -> Iterator[Callable[[str], Any]]:
    """Gives a client of any service of the embedded AWS."""
    with contextlib.ExitStack() as opened:

        @functools.cache
        def _client(service: str) -> Any:  # noqa: ANN401 -- of whichever service
            made = boto3.client(service, endpoint_url=aws_endpoint)
            opened.callback(made.close)
            return made

        yield _client


@pytest.fixture(scope="session")
def deployment(
    aws_endpoint: str, mediaconvert: str, package: Path, client: Callable[[str], Any], deploy: Deploy
) -> Iterator[Deployment]:
    """Everything that the embedded AWS can run, deployed by the command, and destroyed by it in the end."""
    assert package.exists()  # packed once; the command packs nothing twice
    name = f"deployed-{uuid.uuid4().hex[:8]}"
    in_place = json.dumps(_in_place_of_mediaconvert(name))
    client("cloudformation").create_stack(StackName=f"{name}-stand-in", TemplateBody=in_place)
    options = (
        *("up", "--target", "lambda", "--stack", name),
        *("--without", "mediaconvert", "--without", "alarms"),
        *("--set", "RequireTls=false", "--set", "MediaConvertEventSource=local.mediaconvert"),
        *("--set", f"Architecture={ARCHITECTURE}", "--set", f"PythonVersion={PYTHON}"),
        *("--set", "UploadsConcurrency=2", "--set", "JobEventsConcurrency=2"),  # each of them is a cold start here
        *("--set", f"AwsEndpointUrl={aws_endpoint}", "--set", f"MediaConvertEndpointUrl={mediaconvert}"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
        first = deploy(*options)
        assert first.code == 0, first.errors
        _mend_polling(client("lambda"), name)
        _mend_batches(client("iam"), client("lambda"), name)
        yield Deployment(name=name, endpoint_url=aws_endpoint, first=first, options=options, client=client)
        gone = deploy("down", "--stack", name, "--yes")
    assert gone.code == 0, gone.errors


def _mend_polling(client: Any, name: str) -> None:  # noqa: ANN401 -- without stubs here
    """Say again as a number what the embedded AWS's poller takes for text, because it came from a parameter."""
    for mapping in client.list_event_source_mappings()["EventSourceMappings"]:
        if f":{name}-" in mapping["EventSourceArn"]:
            most = int(mapping["ScalingConfig"]["MaximumConcurrency"])
            client.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": most})


def _mend_batches(iam: Any, functions: Any, name: str) -> None:  # noqa: ANN401
    """Allow what the embedded AWS asks for and IAM doesn't have: to AWS, a batch is the same action as one."""
    for function in functions.list_functions()["Functions"]:
        if function["FunctionName"].startswith(f"{name}-lambda-Worker"):
            batch = {"Effect": "Allow", "Action": "sqs:ChangeMessageVisibilityBatch", "Resource": "*"}
            iam.put_role_policy(
                RoleName=function["Role"].rsplit("/", 1)[-1],
                PolicyName="batches",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [batch]}),
            )


def _in_place_of_mediaconvert(name: str) -> dict[str, Any]:
    """A stack that exports what `mediaconvert.yaml` does: the embedded AWS has no resources of MediaConvert's."""
    arn = "arn:aws:mediaconvert:us-east-1:000000000000"
    exported = {
        "MediaConvertRoleArn": "arn:aws:iam::000000000000:role/MediaConvert",
        "MediaConvertQueueArn": f"{arn}:queues/Default",
        "MediaConvertJobTemplate": "mediaconvert-status-hls",
        "MediaConvertJobTemplateArn": f"{arn}:jobTemplates/mediaconvert-status-hls",
    }
    return {
        "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": {key: {"Value": value, "Export": {"Name": f"{name}-{key}"}} for key, value in exported.items()},
    }
