"""The examples of the emulator's README work with boto3, the AWS CLI and the AWS SDK for JavaScript."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator_environment import ROOT, EmulatorEnvironment, emulator_environment, make_video

EXAMPLES = ROOT / "emulator" / "examples"
AWS_CLI = ROOT / ".venv-aws" / "bin" / "aws"
JS_SDK = Path(os.environ.get("EMULATOR_JS_SDK", ROOT / "web"))
"""A folder with the package @aws-sdk/client-mediaconvert in its node_modules."""


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all examples."""
    with emulator_environment(aws_endpoint) as environment:
        yield environment


@pytest.fixture
def job_file(environment: EmulatorEnvironment, tmp_path: Path) -> Path:
    """Return the README's job with an input that exists."""
    environment.upload(make_video(tmp_path / "v.mp4", size="160x90", duration_s=1), "video.mp4")
    text = (EXAMPLES / "job.json").read_text()
    path = tmp_path / "job.json"
    path.write_text(text.replace("my-inputs", environment.inputs).replace("my-outputs", environment.outputs))
    return path


def _run(environment: EmulatorEnvironment, *command: str, cwd: Path) -> str:
    completed = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "MEDIACONVERT_URL": environment.url, "PATH": f"{AWS_CLI.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def test_the_boto3_example_creates_a_job(environment: EmulatorEnvironment, job_file: Path) -> None:
    """It waits for the end of the job."""
    output = _run(environment, sys.executable, str(EXAMPLES / "create_job.py"), str(job_file), cwd=job_file.parent)
    assert output.split()[1] == "COMPLETE"
    assert "video_720p.m3u8" in environment.output_keys("video/")


@pytest.mark.skipif(not AWS_CLI.exists(), reason="the AWS CLI is installed beside the embedded AWS (make setup) only")
def test_the_cli_example_creates_a_job(environment: EmulatorEnvironment, job_file: Path) -> None:
    """It needs only a shell."""
    output = _run(environment, "sh", str(EXAMPLES / "create-job.sh"), str(job_file), cwd=job_file.parent)
    assert output.split()[1] == "COMPLETE"


@pytest.mark.skipif(
    shutil.which("node") is None or not (JS_SDK / "node_modules/@aws-sdk/client-mediaconvert").exists(),
    reason="the AWS SDK for JavaScript is not installed; EMULATOR_JS_SDK names a folder with it",
)
def test_the_javascript_example_creates_a_job(environment: EmulatorEnvironment, job_file: Path) -> None:
    """The SDK parses errors and responses by rules of its own."""
    output = _run(environment, "node", str(EXAMPLES / "create-job.mjs"), str(job_file), cwd=JS_SDK)
    assert output.split()[1] == "COMPLETE"


def test_the_example_job_is_the_one_of_the_readme() -> None:
    """Readers may copy either."""
    readme = (ROOT / "emulator" / "README.md").read_text()
    assert json.loads(readme.split("```json\n")[1].split("```")[0]) == json.loads((EXAMPLES / "job.json").read_text())
