"""Images for Fargate: built where they are missing, and never twice. Docker is a stand-in that notes its commands.

The embedded AWS can't run `fargate.yaml`: it knows no scaling targets and no VPC origins.
"""

import json
import os
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.aws_account import Account, open_account
from deploy.container_images import ImageError, put_images

MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}


@pytest.fixture
async def account(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Account]:
    """The embedded AWS's account."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    async with open_account("us-east-1") as signed:
        yield signed


@pytest.fixture
def repository(client: Callable[[str], Any]) -> str:
    """An empty repository."""
    made = client("ecr").create_repository(repositoryName=f"images-{uuid.uuid4().hex[:8]}")
    return str(made["repository"]["repositoryUri"])


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """A docker that does nothing; gives what it was told so far, and what came on its standard input."""
    noted = tmp_path / "noted"
    noted.touch()
    program = tmp_path / "docker"
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {noted}\n[ "$1" = login ] && cat > {tmp_path}/given\n[ ! -e {tmp_path}/broken ] || '
        "{ echo one >&2; echo exec format error >&2; exit 1; }\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return lambda: noted.read_text(encoding="utf-8").splitlines()


async def test_what_is_missing_is_built_and_pushed(
    account: Account, repository: str, docker: Callable[[], list[str]], tmp_path: Path
) -> None:
    """For the processors that were asked for; the password is in no command line, where others could read it."""
    addresses, pushed = await put_images(account, repository, "ARM64")
    login, *rest = docker()
    assert (pushed, [line.split()[0] for line in rest]) == (2, ["build", "push"] * 2)
    assert all(
        f"--platform linux/arm64 --target {target}" in rest[at] for at, target in ((0, "service"), (2, "worker"))
    )
    assert [rest[1].split()[-1], rest[3].split()[-1]] == [addresses["service"], addresses["worker"]]
    assert (tmp_path / "given").read_text(encoding="utf-8") not in login


async def test_what_is_there_is_not_built_again(
    account: Account, repository: str, docker: Callable[[], list[str]], client: Callable[[str], Any]
) -> None:
    """A second deployment of the same checkout needs no Docker at all."""
    addresses, _ = await put_images(account, repository, "ARM64")
    before = docker()
    for address in addresses.values():
        name, tag = address.split("/", 1)[1].split(":")
        manifest = json.dumps({**MANIFEST, "config": {"digest": f"sha256:{uuid.uuid4().hex * 2}"}, "layers": []})
        client("ecr").put_image(repositoryName=name, imageManifest=manifest, imageTag=tag)
    assert await put_images(account, repository, "ARM64") == (addresses, 0)
    assert docker() == before


async def test_a_build_that_fails_tells_why_and_what_to_do(
    account: Account, repository: str, docker: Callable[[], list[str]], tmp_path: Path
) -> None:
    """Most of all where the machine has other processors than the tasks."""
    (tmp_path / "broken").touch()
    with pytest.raises(ImageError, match="docker login failed: exec format error"):
        await put_images(account, repository, "ARM64")
    assert len(docker()) == 1


async def test_without_docker_one_line_says_so(
    account: Account, repository: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else of deploying needs it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImageError, match="Docker is needed to build the images for Fargate, and is not installed here"):
        await put_images(account, repository, "ARM64")
