"""Every image of others has an exact version, and `make pin-images` adds its digest."""

import os
import re
import shutil
from pathlib import Path

import pytest
import yaml

from deploy.image_pins import FILES, PinError, images, pin, pinned

ROOT = Path(__file__).parents[2]
EXACT = re.compile(r"[a-z0-9./_-]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?(@sha256:[0-9a-f]{64})?")
DIGEST = f"sha256:{'0a' * 32}"


def test_every_image_has_an_exact_version() -> None:
    """A loose tag, such as `3.13` or `latest`, would make tomorrow's build another one."""
    named = [image for name in FILES for image in images((ROOT / name).read_text(encoding="utf-8"))]
    assert {image.partition(":")[0] for image in named} == {"python", "node", "localstack/localstack", "debian"}
    assert all(EXACT.fullmatch(image) for image in named)


def test_no_stage_and_no_container_names_an_image_directly() -> None:
    """`make pin-images` would not find it. Our own images have the tag of their build."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", dockerfile, re.MULTILINE))
    arguments = {f"${{{name}}}" for name in re.findall(r"^ARG ([A-Z]+_IMAGE)=", dockerfile, re.MULTILINE)}
    bases = set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))
    copied = set(re.findall(r"--from=(\S+)", dockerfile))
    assert bases <= stages | arguments
    assert copied <= stages
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    others = {each["image"] for each in compose["services"].values() if not each["image"].startswith("mediaconvert-")}
    assert all(re.fullmatch(r"\$\{[A-Z]+_IMAGE:-.+\}", each) for each in others)


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.stem)
def test_a_workflows_container_is_one_that_is_pinned(path: Path) -> None:
    """Its file must be among those that `make pin-images` changes."""
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    containers = [each["container"] for each in jobs if "container" in each]
    assert not containers or path.relative_to(ROOT).as_posix() in FILES
    assert all(EXACT.fullmatch(each) for each in containers)


@pytest.mark.parametrize("line", ["ARG A_IMAGE=a:1.2.3", "    image: ${B_IMAGE:-b/b:4.14.0}", "    container: c:13.2"])
def test_a_digest_is_added_once_and_updated_later(line: str) -> None:
    """The tag stays, for people and for the next run."""
    (image,) = images(line)
    once = pinned(line, {image: DIGEST})
    assert once == line.replace(image, f"{image}@{DIGEST}")
    assert list(images(once)) == [image]
    assert pinned(once, {image: DIGEST.replace("0a", "1b")}) == once.replace("0a", "1b")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with the files that name images."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def fake_docker(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a docker command with this shell script first in the PATH."""
    program = folder / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$2" != version ] || exit 0\n{script}\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def test_all_images_are_pinned_with_the_digests_of_the_registry(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run changes nothing."""
    fake_docker(checkout, monkeypatch, f"echo {DIGEST}")
    digests = pin(checkout)
    files = {name: (checkout / name).read_text(encoding="utf-8") for name in FILES}
    assert len(digests) == 4
    assert all(f"{image}@{DIGEST}" in "".join(files.values()) for image in digests)
    assert pin(checkout) == digests
    assert {name: (checkout / name).read_text(encoding="utf-8") for name in FILES} == files


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo cannot reach the host >&2; exit 1", "cannot reach the host"),
        ("echo '<no value>'", "<no value>"),
        ('case "$*" in *python*) echo ' + DIGEST + ";; *) exit 1;; esac", "no digest"),
    ],
)
def test_without_a_registry_no_file_changes(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    """The command says which image and why, also after some digests were read."""
    before = {name: (checkout / name).read_text(encoding="utf-8") for name in FILES}
    fake_docker(checkout, monkeypatch, script)
    with pytest.raises(PinError, match=reason):
        pin(checkout)
    assert {name: (checkout / name).read_text(encoding="utf-8") for name in FILES} == before
