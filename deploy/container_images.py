"""Builds the container images for Fargate and pushes them to the deployment's ECR repository. Needs Docker.

An image's tag is a digest of its sources, so an image that the repository has is never built again.
"""

import base64
import hashlib
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.aws_account import Account
from deploy.lambda_package import ROOT

SOURCES = {
    "service": ("Dockerfile", "requirements/otel.lock", "transcode", "service", "web"),
    "worker": ("Dockerfile", "requirements/otel.lock", "transcode", "worker"),
}
"""The sources of each target of the Dockerfile."""
EXCLUDED = frozenset({"__pycache__", "node_modules", "dist"})
PLATFORMS = {"ARM64": "linux/arm64", "X86_64": "linux/amd64"}


class ImageError(Exception):
    """An image can't be built or pushed; the message gives the reason."""


def tag(target: str, architecture: str, root: Path = ROOT) -> str:
    """Return the tag of the image that this checkout builds for a target of the Dockerfile."""
    summary = hashlib.sha256(architecture.encode())
    for path in _files(target, root):
        body = path.read_bytes()
        summary.update(f"\0{path.relative_to(root).as_posix()}\0{len(body)}\0".encode())
        summary.update(body)
    return f"{target}-{summary.hexdigest()[:32]}"


def _files(target: str, root: Path) -> Iterator[Path]:
    for name in SOURCES[target]:
        paths = [root / name] if (root / name).is_file() else sorted((root / name).rglob("*"))
        yield from (path for path in paths if path.is_file() and not EXCLUDED & set(path.relative_to(root).parts))


async def put_images(account: Account, repository: str, architecture: str) -> tuple[Mapping[str, str], int]:
    """Push the images that the repository lacks; return the image URIs by target, and the number of pushed images.

    Raises:
        ImageError: Docker is missing, or failed.
    """
    ecr = await account.client("ecr")
    tags = {target: tag(target, architecture) for target in SOURCES}
    missing = [target for target in tags if not await _exists(ecr, repository, tags[target])]
    if missing:
        await _log_in(ecr, repository)
        for target in missing:
            _build(target, f"{repository}:{tags[target]}", architecture)
    return {target: f"{repository}:{tags[target]}" for target in tags}, len(missing)


async def _exists(ecr: Any, repository: str, tag_name: str) -> bool:  # noqa: ANN401 -- a client without stubs here
    try:
        found = await ecr.describe_images(repositoryName=repository.split("/", 1)[1], imageIds=[{"imageTag": tag_name}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    return bool(found["imageDetails"])


async def _log_in(ecr: Any, repository: str) -> None:  # noqa: ANN401
    token = (await ecr.get_authorization_token())["authorizationData"][0]["authorizationToken"]
    user, password = base64.b64decode(token).decode().split(":", 1)
    _docker("login", "--username", user, "--password-stdin", repository.split("/", 1)[0], stdin=password)


def _build(target: str, image_uri: str, architecture: str) -> None:
    docker_platform = PLATFORMS[architecture]
    try:
        _docker("build", "--quiet", "--platform", docker_platform, "--target", target, "--tag", image_uri, str(ROOT))
    except ImageError as error:
        other = "X86_64" if architecture == "ARM64" else "ARM64"
        machine = platform.machine()
        hint = f"; this machine is {machine}: emulate {docker_platform} (binfmt), or set CpuArchitecture={other}"
        raise ImageError(f"{error}{hint}") from error
    _docker("push", "--quiet", image_uri)


def _docker(*arguments: str, stdin: str | None = None) -> None:
    program = shutil.which("docker")
    if program is None:
        raise ImageError("Docker is needed to build the images for Fargate, and is not installed here")
    done = subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["docker gave no reason"]
        raise ImageError(f"docker {arguments[0]} failed: {reason[0]}")
