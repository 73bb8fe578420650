"""Builds the images for Fargate and pushes them to the deployment's repository. Needs Docker, and nothing else does.

An image's tag tells what it was built from, so what is there is never built again.
"""

import base64
import hashlib
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.package import ROOT
from deploy.session import Account

SOURCES = {
    "service": ("Dockerfile", "requirements/otel.lock", "transcode", "service", "web"),
    "worker": ("Dockerfile", "requirements/otel.lock", "transcode", "worker"),
}
"""What each of the Dockerfile's targets is made of."""
LEFT_OUT = frozenset({"__pycache__", "node_modules", "dist"})
PLATFORMS = {"ARM64": "linux/arm64", "X86_64": "linux/amd64"}


class ImageError(Exception):
    """An image can't be built or pushed; the message says why."""


def tag(target: str, architecture: str, root: Path = ROOT) -> str:
    """Return the tag of the image that this checkout makes of a target of the Dockerfile."""
    summary = hashlib.sha256(architecture.encode())
    for path in _files(target, root):
        body = path.read_bytes()
        summary.update(f"\0{path.relative_to(root).as_posix()}\0{len(body)}\0".encode())
        summary.update(body)
    return f"{target}-{summary.hexdigest()[:32]}"


def _files(target: str, root: Path) -> Iterator[Path]:
    for name in SOURCES[target]:
        paths = [root / name] if (root / name).is_file() else sorted((root / name).rglob("*"))
        yield from (path for path in paths if path.is_file() and not LEFT_OUT & set(path.relative_to(root).parts))


async def put_images(account: Account, repository: str, architecture: str) -> tuple[Mapping[str, str], int]:
    """See that the repository has both images; return their addresses by target, and how many had to be pushed.

    Raises:
        ImageError: Docker is missing, or failed.
    """
    ecr = await account.client("ecr")
    tags = {target: tag(target, architecture) for target in SOURCES}
    missing = [target for target in tags if not await _is_there(ecr, repository, tags[target])]
    if missing:
        await _log_in(ecr, repository)
        for target in missing:
            _build(target, f"{repository}:{tags[target]}", architecture)
    return {target: f"{repository}:{tags[target]}" for target in tags}, len(missing)


async def _is_there(ecr: Any, repository: str, tagged: str) -> bool:  # noqa: ANN401 -- a client without stubs here
    try:
        found = await ecr.describe_images(repositoryName=repository.split("/", 1)[1], imageIds=[{"imageTag": tagged}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    return bool(found["imageDetails"])


async def _log_in(ecr: Any, repository: str) -> None:  # noqa: ANN401
    token = (await ecr.get_authorization_token())["authorizationData"][0]["authorizationToken"]
    user, password = base64.b64decode(token).decode().split(":", 1)
    _docker("login", "--username", user, "--password-stdin", repository.split("/", 1)[0], given=password)


def _build(target: str, address: str, architecture: str) -> None:
    wanted = PLATFORMS[architecture]
    try:
        _docker("build", "--quiet", "--platform", wanted, "--target", target, "--tag", address, str(ROOT))
    except ImageError as error:
        other = "X86_64" if architecture == "ARM64" else "ARM64"
        hint = f"; this machine is {platform.machine()}: emulate {wanted} (binfmt), or take CpuArchitecture={other}"
        raise ImageError(f"{error}{hint}") from error
    _docker("push", "--quiet", address)


def _docker(*arguments: str, given: str | None = None) -> None:
    program = shutil.which("docker")
    if program is None:
        raise ImageError("Docker is needed to build the images for Fargate, and there is none here")
    done = subprocess.run([program, *arguments], input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["it gave no reason"]
        raise ImageError(f"docker {arguments[0]} failed: {reason[0]}")
