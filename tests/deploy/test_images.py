"""Images for Fargate are built if they are missing, and never twice. A fake Docker records its commands.

The embedded AWS can't run `fargate.yaml`, because it lacks scaling targets and VPC origins.
"""

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.aws_account import Account
from deploy.container_images import ImageError, put_images

MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}


@pytest.fixture
def repository(client: Callable[[str], Any]) -> str:
    """Return the URI of an empty repository."""
    made = client("ecr").create_repository(repositoryName=f"images-{uuid.uuid4().hex[:8]}")
    return str(made["repository"]["repositoryUri"])


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Install a fake docker command; return a function that returns the recorded command lines.

    The standard input of `docker login` is saved as `given`; the command fails if a file `broken` exists.
    """
    commands = tmp_path / "commands"
    commands.touch()
    program = tmp_path / "docker"
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {commands}\n'
        f'[ "$1" = login ] && cat > {tmp_path}/given\n[ ! -e {tmp_path}/broken ] || '
        "{ echo one >&2; echo exec format error >&2; exit 1; }\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return lambda: commands.read_text(encoding="utf-8").splitlines()


async def test_missing_images_are_built_and_pushed(
    account: Account, repository: str, docker: Callable[[], list[str]], tmp_path: Path
) -> None:
    """They are built for the requested processor type, and no command line shows the password to other users."""
    addresses, pushed = await put_images(account, repository, "ARM64")
    login, *rest = docker()
    assert (pushed, [line.split()[0] for line in rest]) == (2, ["build", "push"] * 2)
    assert all(
        f"--platform linux/arm64 --target {target}" in rest[at] for at, target in ((0, "service"), (2, "worker"))
    )
    assert [rest[1].split()[-1], rest[3].split()[-1]] == [addresses["service"], addresses["worker"]]
    assert (tmp_path / "given").read_text(encoding="utf-8") not in login


async def test_existing_images_are_not_built_again(
    account: Account, repository: str, docker: Callable[[], list[str]], client: Callable[[str], Any]
) -> None:
    """A second deployment of the same checkout doesn't run Docker."""
    addresses, _ = await put_images(account, repository, "ARM64")
    before = docker()
    for address in addresses.values():
        name, tag = address.split("/", 1)[1].split(":")
        manifest = json.dumps({**MANIFEST, "config": {"digest": f"sha256:{uuid.uuid4().hex * 2}"}, "layers": []})
        client("ecr").put_image(repositoryName=name, imageManifest=manifest, imageTag=tag)
    assert await put_images(account, repository, "ARM64") == (addresses, 0)
    assert docker() == before


async def test_a_failed_docker_command_is_reported_with_its_last_line(
    account: Account, repository: str, docker: Callable[[], list[str]], tmp_path: Path
) -> None:
    """The most common cause is a machine with another processor type than the tasks."""
    (tmp_path / "broken").touch()
    with pytest.raises(ImageError, match="docker login failed: exec format error"):
        await put_images(account, repository, "ARM64")
    assert len(docker()) == 1


async def test_a_missing_docker_is_reported(
    account: Account, repository: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only images for Fargate need Docker."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImageError, match="Docker is needed to build the images for Fargate, and is not installed here"):
        await put_images(account, repository, "ARM64")
