"""The emulator is a package of its own: its wheel is complete, and it runs without the rest of the repository."""

import os
import re
import subprocess
import sys
import tomllib
from email import message_from_string
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from uv import find_uv_bin

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "emulator"
PACKAGE = PROJECT / "mediaconvert_emulator"
PROGRAM = ("transcode", "service", "worker", "local", "mediaconvert_status_client", "deploy", "bench", "tests")

IMPORT_ALL_MODULES = f"""
import importlib, pkgutil, sys
import mediaconvert_emulator
for module in pkgutil.walk_packages(mediaconvert_emulator.__path__, "mediaconvert_emulator."):
    importlib.import_module(module.name)
print(mediaconvert_emulator.__file__)
print(sorted({{name.split(".")[0] for name in sys.modules}} & set({PROGRAM!r})))
print(*sorted({{name.split(".")[0] for name in sys.modules}}))
"""


def _uv(*arguments: str | Path, cache: Path) -> None:
    subprocess.run(
        [find_uv_bin(), *map(str, arguments), "--offline", "--quiet"],
        check=True,
        timeout=60,
        env={**os.environ, "UV_CACHE_DIR": str(cache)},
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the emulator's wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    _uv("build", PROJECT, "--wheel", "--out-dir", folder, cache=tmp_path_factory.mktemp("cache"))
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that contains the installed wheel and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    _uv(
        "pip",
        "install",
        "--python",
        sys.executable,
        "--no-deps",
        "--target",
        folder,
        wheel,
        cache=tmp_path_factory.mktemp("cache"),
    )
    return folder


def _python(installed: Path, cwd: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in `cwd`, with `installed` first on the module path."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(installed), **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_wheel_contains_every_file_of_the_package(wheel: Path) -> None:
    """It contains the modules, the marker of typed packages and the licence, and no other package."""
    names = set(ZipFile(wheel).namelist())
    files = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    sources = {str(path.relative_to(PROJECT)) for path in files}

    assert "mediaconvert_emulator/py.typed" in sources
    assert sources <= names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"mediaconvert_emulator"}
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_wheels_metadata_name_licence_command_and_readme(wheel: Path) -> None:
    """Package indexes show these."""
    archive = ZipFile(wheel)
    (folder,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    metadata = message_from_string(archive.read(f"{folder}/METADATA").decode())

    assert (metadata["Name"], metadata["License-Expression"]) == ("mediaconvert-emulator", "MIT")
    assert str(metadata.get_payload()).strip() == (PROJECT / "README.md").read_text().strip()
    assert (
        "mediaconvert-emulator = mediaconvert_emulator.__main__:main"
        in archive.read(f"{folder}/entry_points.txt").decode()
    )


def test_every_imported_distribution_is_a_dependency() -> None:
    """A package that only another dependency installs may disappear with its next version."""
    imports = re.findall(
        r"^(?:import|from) (\w+)", "\n".join(p.read_text() for p in PACKAGE.rglob("*.py")), re.MULTILINE
    )
    third_party = set(imports) - sys.stdlib_module_names - {"mediaconvert_emulator"}
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
    dependencies = {re.split(r"[~>=<]", requirement)[0] for requirement in declared}
    distributions = packages_distributions()

    for module in third_party:
        assert {name.lower().replace("_", "-") for name in distributions[module]} & dependencies, module
    assert len(third_party) == len(dependencies)


def test_the_installed_package_imports_nothing_of_the_program(installed: Path, tmp_path: Path) -> None:
    """All of its modules can be imported in a folder without the repository."""
    completed = _python(installed, tmp_path, "-c", IMPORT_ALL_MODULES)
    assert completed.returncode == 0, completed.stderr
    location, program_modules, modules = completed.stdout.splitlines()

    assert Path(location).is_relative_to(installed)
    assert program_modules == "[]"
    assert "uvicorn" in modules.split()


def test_the_installed_package_starts_as_a_command(installed: Path, tmp_path: Path) -> None:
    """With an invalid setting it ends with one line that names the setting."""
    completed = _python(installed, tmp_path, "-m", "mediaconvert_emulator", MEDIACONVERT_CONCURRENCY="0")

    assert completed.returncode == 2
    assert completed.stderr.startswith("MEDIACONVERT_CONCURRENCY: ")
    assert completed.stderr.count("\n") == 1
