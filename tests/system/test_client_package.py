"""The Python client as its users get it: its wheel in an environment of its own, and the code of its README."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from email import message_from_string
from pathlib import Path
from zipfile import ZipFile

import pytest
from uv import find_uv_bin

from .running_system import System

PROJECT = Path(__file__).resolve().parents[2] / "client"
PACKAGE = PROJECT / "mediaconvert_status_client"
PROGRAM = ("transcode", "service", "worker", "local", "mediaconvert_emulator", "deploy", "bench", "tests", "client")

IMPORT_ALL_MODULES = f"""
import importlib, pkgutil, sys
import mediaconvert_status_client
optional = {{"mediaconvert_status_client.hls", "mediaconvert_status_client.playback_check"}}
for module in pkgutil.walk_packages(mediaconvert_status_client.__path__, "mediaconvert_status_client."):
    if module.name not in optional:
        importlib.import_module(module.name)
print(sorted({{name.split(".")[0] for name in sys.modules}} & set({PROGRAM!r})))
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def uv(*arguments: str | Path, cache: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run uv, with a cache of its own if one is given: a container has no home folder."""
    command = [find_uv_bin(), "--quiet", *map(str, arguments)]
    environment = {**os.environ, **({"UV_CACHE_DIR": str(cache)} if cache else {})}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the client's wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    built = uv("build", PROJECT, "--offline", "--wheel", "--out-dir", folder, cache=tmp_path_factory.mktemp("cache"))
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def run(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a function that runs a program of an environment that contains the wheel and its dependencies."""
    folder = tmp_path_factory.mktemp("clean")
    environment = folder / "venv"
    made = uv("venv", "--python", sys.executable, environment, cache=folder / "cache")
    assert made.returncode == 0, made.stderr
    installed = uv("pip", "install", "--python", environment, wheel)
    if installed.returncode:
        pytest.skip(f"uv can't install the dependencies: {installed.stderr.strip().splitlines()[-1]}")
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def _run(program: str, *arguments: object, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [environment / "bin" / program, *map(str, arguments)],
            cwd=folder,
            env={**clean, "XDG_CACHE_HOME": str(folder), **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return _run


def readme_code(number: int) -> str:
    """Return one of the README's blocks of Python."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    blocks: list[str] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return blocks[number]


def test_the_wheel_has_one_package_with_types_and_a_licence(wheel: Path) -> None:
    """Its metadata name the command, and its README is the folder's."""
    archive = ZipFile(wheel)
    names = set(archive.namelist())
    files = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert {str(path.relative_to(PROJECT)) for path in files} <= names
    assert "mediaconvert_status_client/py.typed" in names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"mediaconvert_status_client"}
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    (folder,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
    metadata = message_from_string(archive.read(f"{folder}/METADATA").decode())
    assert (metadata["Name"], metadata["License-Expression"]) == ("mediaconvert-status-client", "MIT")
    assert str(metadata.get_payload()).strip() == (PROJECT / "README.md").read_text(encoding="utf-8").strip()
    assert "mediaconvert-status = " in archive.read(f"{folder}/entry_points.txt").decode()


def test_every_module_can_be_imported_without_the_program(run: Run) -> None:
    """The two modules of the extra need its packages."""
    done = run("python", "-W", "error", "-c", IMPORT_ALL_MODULES)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@pytest.mark.parametrize("number", [0, 1], ids=["sync", "async"])
def test_the_readmes_code_uploads_a_video_and_follows_it(
    system: System, run: Run, tmp_path: Path, clip: bytes, number: int
) -> None:
    """It runs as it is, with the addresses of this system."""
    (tmp_path / "holiday.mp4").write_bytes(clip)
    code = readme_code(number).replace("https://video.example", system.api_url)
    done = run("python", "-W", "error", "-c", code.replace("holiday.mp4", str(tmp_path / "holiday.mp4")))
    assert done.returncode == 0, done.stderr
    assert "COMPLETE" in done.stdout
    if number == 0:
        assert "100 % sent" in done.stdout
        assert "/holiday.m3u8" in done.stdout


def test_the_installed_command_uploads_a_video(system: System, run: Run, tmp_path: Path, clip: bytes) -> None:
    """It is the command of the repository."""
    (tmp_path / "one.mp4").write_bytes(clip)
    done = run("mediaconvert-status", "upload", tmp_path / "one.mp4", API_URL=system.api_url)
    assert done.returncode == 0, done.stderr
    assert "COMPLETE, plays at http" in done.stdout


def test_failures_are_exceptions_with_codes(system: System, run: Run, tmp_path: Path) -> None:
    """A refused type, an unreadable video, an empty file, an unknown job, and a coroutine that would be blocked."""
    code = f"""
import asyncio
from pathlib import Path
from mediaconvert_status_client import Client, ClientError, JobFailedError

folder = Path({str(tmp_path)!r})
files = {{"notes.txt": b"text", "bad.mp4": b"no video", "empty.mp4": b""}}
for name, content in files.items():
    (folder / name).write_bytes(content)
with Client({system.api_url!r}) as client:
    for name in files:
        try:
            client.wait(client.upload(folder / name), timeout_s=60)
        except JobFailedError as error:
            print(error.code, error.job["error"]["code"])
        except ClientError as error:
            print(error.code)
    try:
        list(client.progress(job_id="0-unknown"))
    except ClientError as error:
        print(error.code)

    async def blocked():
        client.limits()

    try:
        asyncio.run(blocked())
    except RuntimeError as error:
        print(error)
"""
    done = run("python", "-W", "error", "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "unsupported_content_type",
        "job_failed 1010",
        "empty",
        "followed_not_found",
        "Client would block this thread's event loop: use AsyncClient",
    ]


@pytest.mark.parametrize("in_parts_from_bytes", [0, 100_000_000], ids=["in parts", "at once"])
def test_an_upload_with_the_callers_own_id_is_listed_changed_and_deleted(
    system: System, run: Run, tmp_path: Path, clip: bytes, in_parts_from_bytes: int
) -> None:
    """The job returns the id and the metadata; a second deletion changes nothing."""
    (tmp_path / "one.mp4").write_bytes(clip)
    own = {"external_id": "order 5", "metadata": {"kind": "trailer"}}
    code = f"""
from mediaconvert_status_client import Client
with Client({system.api_url!r}) as client:
    input_file = client.upload({str(tmp_path / "one.mp4")!r}, in_parts_from_bytes={in_parts_from_bytes}, **{own!r})
    job = client.job(input_file)
    print([job["external_id"], job["metadata"]])
    changed = client.update(input_file, file_name="Trailer.mp4", metadata={{"kind": None, "take": "2"}})
    print(changed["file_name"], changed["metadata"])
    print([job["input_file"] for job in client.uploads(external_id="order 5", page_size=1)].count(input_file))
    client.delete(input_file)
    client.delete(input_file)
    print([job["input_file"] for job in client.uploads(external_id="order 5", page_size=1)].count(input_file))
"""
    done = run("python", "-W", "error", "-c", code)
    assert done.stdout.splitlines() == [str(list(own.values())), "Trailer.mp4 {'take': '2'}", "1", "0"], done.stderr
