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
LOCK = ROOT / os.environ.get("LAMBDA_LOCK", "requirements/base.lock")
"""requirements/otel.lock is for those who want traces from Lambda, too."""
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
    path = target / f"mediaconvert-status-{architecture}-python{python}.zip"
    interpreter = _interpreter(python)
    made_of = _made_of(architecture, python, interpreter)
    if (content := _content(path, made_of)) is None:
        files = _files(architecture=architecture, python=python, interpreter=interpreter)
        content = digest(files)
        target.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive(files, comment=f"{content} of {made_of}"))
    if (size := path.stat().st_size) > LARGEST_BYTES:
        raise PackageError(f"the package has {size:,} bytes; Lambda takes {LARGEST_BYTES:,}")
    return Package(path=path, digest=content, is_compiled=interpreter is not None)


def _made_of(architecture: str, python: str, interpreter: str | None) -> str:
    """Return what tells whether a package would be another than the last one, without building it."""
    version = _run("the version of Python", interpreter, "-VV") if interpreter else ""
    recipe = [LOCK, *Path(__file__).parent.glob("*.py")]
    asked = File(path="asked", body=f"{architecture} {python} {version}".encode())
    files = [File(path=path.name, body=path.read_bytes()) for path in recipe]
    return digest([asked, *files, *_sources()])


def _content(path: Path, made_of: str) -> str | None:
    """Return the digest of the package that is there, if it was made of this."""
    try:
        with zipfile.ZipFile(path) as written:
            content, _, of = written.comment.decode().partition(" of ")
    except (OSError, zipfile.BadZipFile):
        return None
    return content if of == made_of else None


def _files(*, architecture: str, python: str, interpreter: str | None) -> list[File]:
    """Return everything that belongs into the package."""
    with tempfile.TemporaryDirectory(prefix="lambda-package-") as folder:
        root = Path(folder)
        _install(root, architecture=architecture, python=python)
        for source in _sources():
            (root / source.path).parent.mkdir(parents=True, exist_ok=True)
            (root / source.path).write_bytes(source.body)
        if interpreter:
            _run("the package's bytecode", interpreter, "-I", "-S", "-B", "-c", COMPILE, str(root))
        paths = [path for path in root.rglob("*") if path.is_file()]
        return [File(path=path.relative_to(root).as_posix(), body=path.read_bytes()) for path in paths]


def _sources() -> list[File]:
    """Return the project's own files."""
    paths = [path for name in SOURCES for path in (ROOT / name).rglob("*") if path.is_file()]
    named = [(path.relative_to(ROOT).as_posix(), path) for path in paths]
    return [File(path=name, body=path.read_bytes()) for name, path in named if is_kept(name)]


def _install(root: Path, *, architecture: str, python: str) -> None:
    """Install what the lock says, and drop what a function doesn't need."""
    command = [find_uv_bin(), "pip", "install", "--quiet", "--target", str(root), "--python-version", python]
    command += ["--python-platform", PLATFORMS[architecture], "--only-binary", ":all:"]
    command += ["--require-hashes", "--link-mode", "copy", "-r", str(LOCK)]
    _run(f"the packages of {LOCK.name}", *command)
    dropped = {path for name in SERVERS for path in _installed_by(root, name)}
    for path in [each for each in root.rglob("*") if each.is_file()]:
        if not is_kept(path.relative_to(root).as_posix(), dropped=dropped):
            path.unlink()


def _installed_by(root: Path, name: str) -> Iterator[str]:
    """Yield the paths that a distribution brought, which it lists in its RECORD."""
    for record in root.glob(f"{name}-*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as lines:
            yield from (row[0] for row in csv.reader(lines))


def _interpreter(python: str) -> str | None:
    """Return a Python of that version, if one is installed here."""
    find = [find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", "--system", python]
    found = subprocess.run(find, capture_output=True, text=True, check=False)
    return None if found.returncode else found.stdout.strip()


def _run(what: str, *command: str) -> str:
    """Run a program and return what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"{what} can't be had: {done.stderr.strip()}")
    return done.stdout.strip()
