"""Builds the Lambda package from the lock and the checkout: `make lambda`.

uv installs wheels for Lambda's processors, whatever the machine that builds; every hash is checked against the lock.
"""

import csv
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from deploy.contents import SERVERS, File, archive, digest, is_kept

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / os.environ.get("LAMBDA_LOCK", "requirements.lock")
"""requirements-otel.lock is for those who want traces from Lambda, too."""
SOURCES = ("transcode", "service", "worker")
TARGET = ROOT / "dist" / "lambda"
PLATFORMS = {"arm64": "aarch64-manylinux2014", "x86_64": "x86_64-manylinux2014"}
LARGEST_BYTES = 50_000_000
"""What Lambda takes of a zip that is uploaded directly; from S3 it would take more."""

COMPILE = """
import pathlib, py_compile, sys
root = pathlib.Path(sys.argv[1])
for source in sorted(root.rglob("*.py")):
    try:
        py_compile.compile(source, dfile=f"/var/task/{source.relative_to(root)}", doraise=True,
                           invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    except py_compile.PyCompileError:
        pass  # a template of some package's, which nothing imports
"""


class PackageError(Exception):
    """The package can't be built; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that was built."""

    path: Path
    digest: str
    is_compiled: bool

    @property
    def key(self) -> str:
        """Its key in a bucket: another content, another key."""
        return f"{self.path.stem}-{self.digest[:32]}.zip"


def build(*, architecture: str, python: str, target: Path = TARGET) -> Package:
    """Return the package for `architecture` (arm64, x86_64) and `python` (3.13), written into the folder `target`.

    It carries bytecode where a Python of that version is here to make it: Lambda's own copy of the code can't be
    written to, and a cold start would compile everything anew.

    Raises:
        PackageError: A wheel can't be had, or the package would be larger than Lambda takes.
    """
    with tempfile.TemporaryDirectory(prefix="lambda-package-") as folder:
        root = Path(folder)
        _install(root, architecture=architecture, python=python)
        _copy(root)
        is_compiled = _compile(root, python)
        files = [File(path=path.relative_to(root).as_posix(), body=path.read_bytes()) for path in _files(root)]
    package = Package(
        path=target / f"mediaconvert-status-{architecture}-python{python}.zip",
        digest=digest(files),
        is_compiled=is_compiled,
    )
    if not _is_written(package):
        target.mkdir(parents=True, exist_ok=True)
        package.path.write_bytes(archive(files))
    if (size := package.path.stat().st_size) > LARGEST_BYTES:
        raise PackageError(f"the package has {size:,} bytes; Lambda takes {LARGEST_BYTES:,}")
    return package


def _is_written(package: Package) -> bool:
    """Tell whether an earlier run has already packed the same content, which takes longer than anything else here."""
    try:
        with zipfile.ZipFile(package.path) as written:
            return written.comment.decode() == package.digest
    except (OSError, zipfile.BadZipFile):
        return False


def _install(root: Path, *, architecture: str, python: str) -> None:
    """Install what the lock says, and drop what a function doesn't need."""
    command = [find_uv_bin(), "pip", "install", "--quiet", "--target", str(root), "--python-version", python]
    command += ["--python-platform", PLATFORMS[architecture], "--only-binary", ":all:"]
    command += ["--require-hashes", "--link-mode", "copy", "-r", str(LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"the packages of {LOCK.name} can't be installed: {done.stderr.strip()}")
    dropped = {path for name in SERVERS for path in _installed_by(root, name)}
    for path in [each for each in root.rglob("*") if each.is_file()]:
        if not is_kept(path.relative_to(root).as_posix(), dropped=dropped):
            path.unlink()


def _installed_by(root: Path, name: str) -> Iterator[str]:
    """Yield the paths that a distribution brought, which it lists in its RECORD."""
    for record in root.glob(f"{name}-*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as lines:
            yield from (row[0] for row in csv.reader(lines))


def _copy(root: Path) -> None:
    for name in SOURCES:
        for source in (ROOT / name).rglob("*"):
            path = source.relative_to(ROOT)
            if source.is_file() and is_kept(path.as_posix()):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(source.read_bytes())


def _compile(root: Path, python: str) -> bool:
    """Compile where a Python of that version is installed; tell whether one was."""
    find = [find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", "--system", python]
    found = subprocess.run(find, capture_output=True, text=True, check=False)
    if found.returncode:
        return False
    compiled = subprocess.run(
        [found.stdout.strip(), "-I", "-S", "-B", "-c", COMPILE, str(root)], capture_output=True, text=True, check=False
    )
    if compiled.returncode:
        raise PackageError(f"the package can't be compiled: {compiled.stderr.strip()}")
    return True


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())
