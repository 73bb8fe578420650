"""Writes the digests of the base images beside their tags: `make pin-images`. Repeating it updates them.

A tag may move to another image; a digest names one image for all processor types. The tags stay for people, and for the
next `make pin-images`. Docker asks the registry, so a mirror or a login that Docker knows works too.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.lambda_package import ROOT

FILES = ("Dockerfile", "docker-compose.yml", ".github/workflows/check.yml")
"""The files that name images of others."""
_DIGEST = r"@sha256:[0-9a-f]{64}"
_NAMED = re.compile(
    rf"(?P<before>^ARG [A-Z]+_IMAGE=|^ *image: \$\{{[A-Z]+_IMAGE:-|^ *container: )"
    rf"(?P<image>[a-z0-9./_-]+:[A-Za-z0-9._-]+)(?P<digest>{_DIGEST})?",
    re.MULTILINE,
)
TIMEOUT_S = 120


class PinError(Exception):
    """A digest can't be read; the message gives the reason. No file was changed."""


def images(text: str) -> Iterator[str]:
    r"""Yield the images of others that a file names, with their tags and without their digests.

    >>> list(images("ARG NODE_IMAGE=node:22.1.0-slim\nFROM ${NODE_IMAGE} AS page"))
    ['node:22.1.0-slim']
    """
    for match in _NAMED.finditer(text):
        yield match["image"]


def pinned(text: str, digests: Mapping[str, str]) -> str:
    """Return the file's text with a digest (`sha256:…`) after each image."""
    return _NAMED.sub(lambda match: f"{match['before']}{match['image']}@{digests[match['image']]}", text)


def read_digest(image: str) -> str:
    """Return the digest of an image in its registry, for all processor types.

    Raises:
        PinError: Docker or the registry can't be reached, or the registry doesn't have the image.
    """
    docker = shutil.which("docker")
    if docker is None:
        raise PinError("Docker is not installed")
    if _run(docker, "buildx", "version").returncode:
        raise PinError("Docker's plugin buildx is not installed")
    try:
        done = _run(docker, "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}")
    except subprocess.TimeoutExpired as error:
        raise PinError(f"{image}: no registry responded within {TIMEOUT_S} s") from error
    digest = done.stdout.strip()
    if done.returncode or not re.fullmatch(_DIGEST[1:], digest):
        reason = (done.stderr.strip() or digest or "no digest").splitlines()[0]
        raise PinError(f"{image}: its digest can't be read from a registry: {reason}")
    return digest


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    # Our own files name the image.
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def pin(root: Path) -> Mapping[str, str]:
    """Write the digests into all files, once every digest is known; return them by image.

    Raises:
        PinError: a digest can't be read; no file was changed.
    """
    texts = {root / name: (root / name).read_text(encoding="utf-8") for name in FILES}
    named = dict.fromkeys(image for text in texts.values() for image in images(text))
    digests = {image: read_digest(image) for image in named}
    for path, text in texts.items():
        path.write_text(pinned(text, digests), encoding="utf-8")
    return digests


def main() -> None:
    """Pin the images of this checkout, and print their digests."""
    try:
        for image, digest in pin(ROOT).items():
            sys.stdout.write(f"{image:<40} {digest}\n")
    except PinError as error:
        sys.stderr.write(f"pin-images: {error}; no file was changed\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
