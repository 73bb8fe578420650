"""Builds the Lambda package from the lock file and the checkout: `make lambda`.

uv installs wheels for Lambda's processors on any build machine, and checks every hash against the lock file.
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

from deploy.package_contents import SERVERS, File, archive, digest, is_kept, packed

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / os.environ.get("LAMBDA_LOCK", "requirements/base.lock")
"""Set LAMBDA_LOCK=requirements/otel.lock for traces from Lambda."""
SOURCES = ("transcode", "service", "worker")
TARGET = ROOT / "dist" / "lambda"
PLATFORMS = {"arm64": "aarch64-manylinux2014", "x86_64": "x86_64-manylinux2014"}
MAX_BYTES = 50_000_000
"""Lambda's limit for a zip archive that is uploaded directly; the limit for one from S3 is higher."""

COMPILE = """
import pathlib, py_compile, sys
root = pathlib.Path(sys.argv[1])
for source in sorted(root.rglob("*.py")):
    try:
        py_compile.compile(source, dfile=f"/var/task/{source.relative_to(root)}", doraise=True,
                           invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    except py_compile.PyCompileError:
        pass  # a code template inside a package, which nothing imports
"""


class PackageError(Exception):
    """The package can't be built; the message gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A built package."""

    path: Path
    digest: str
    is_compiled: bool

    @property
    def key(self) -> str:
        """The package's key in a bucket; it contains the digest."""
        return f"{self.path.stem}-{self.digest[:32]}.zip"


def build(*, architecture: str, python: str, target: Path = TARGET) -> Package:
    """Build the package for `architecture` (arm64, x86_64) and `python` (3.13) in the folder `target`, and return it.

    It contains bytecode if a Python of that version is installed here to compile it: Lambda's code folder is read-only,
    so without bytecode every cold start would compile everything.

    Raises:
        PackageError: a wheel can't be installed, or the package exceeds Lambda's limit.
    """
    path = target / f"mediaconvert-status-{architecture}-python{python}.zip"
    interpreter = _interpreter(python)
    source_digest = _source_digest(architecture, python, interpreter)
    if (content := _content_digest(path, source_digest)) is None:
        files = _files(architecture=architecture, python=python, interpreter=interpreter)
        content = digest(files)
        target.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive(files, comment=f"{content} of {source_digest}"))
    if (size := path.stat().st_size) > MAX_BYTES:
        raise PackageError(f"the package has {size:,} bytes; Lambda's limit is {MAX_BYTES:,}")
    return Package(path=path, digest=content, is_compiled=interpreter is not None)


def _source_digest(architecture: str, python: str, interpreter: str | None) -> str:
    """Return a digest of everything that the package is built from, to skip an unchanged build."""
    version = _run("the version of Python", interpreter, "-VV") if interpreter else ""
    recipe = [LOCK, *Path(__file__).parent.glob("*.py")]
    options = File(path="asked", body=f"{architecture} {python} {version}".encode())
    files = [File(path=path.name, body=path.read_bytes()) for path in recipe]
    return digest([options, *files, *_sources()])


def _content_digest(path: Path, source_digest: str) -> str | None:
    """Return the content digest of the existing package, if it was built from the sources with this digest."""
    try:
        with zipfile.ZipFile(path) as written:
            content, _, of = written.comment.decode().partition(" of ")
    except (OSError, zipfile.BadZipFile):
        return None
    return content if of == source_digest else None


def _files(*, architecture: str, python: str, interpreter: str | None) -> list[File]:
    """Return all files of the package."""
    with tempfile.TemporaryDirectory(prefix="lambda-package-") as folder:
        root = Path(folder)
        _install(root, architecture=architecture, python=python)
        for source in _sources():
            (root / source.path).parent.mkdir(parents=True, exist_ok=True)
            (root / source.path).write_bytes(source.body)
        if interpreter:
            _run("the package's bytecode", interpreter, "-I", "-S", "-B", "-c", COMPILE, str(root))
        paths = [path for path in root.rglob("*") if path.is_file()]
        named = [(path.relative_to(root).as_posix(), path) for path in paths]
        return [packed(name, path.read_bytes()) for name, path in named]


def _sources() -> list[File]:
    """Return the project's own files."""
    paths = [path for name in SOURCES for path in (ROOT / name).rglob("*") if path.is_file()]
    named = [(path.relative_to(ROOT).as_posix(), path) for path in paths]
    return [File(path=name, body=path.read_bytes()) for name, path in named if is_kept(name)]


def _install(root: Path, *, architecture: str, python: str) -> None:
    """Install the lock file's packages, and delete the files that a function doesn't need."""
    command = [find_uv_bin(), "pip", "install", "--quiet", "--target", str(root), "--python-version", python]
    command += ["--python-platform", PLATFORMS[architecture], "--only-binary", ":all:"]
    command += ["--require-hashes", "--link-mode", "copy", "-r", str(LOCK)]
    _run(f"the packages of {LOCK.name}", *command)
    dropped = {path for name in SERVERS for path in _installed_by(root, name)}
    for path in [each for each in root.rglob("*") if each.is_file()]:
        if not is_kept(path.relative_to(root).as_posix(), dropped=dropped):
            path.unlink()


def _installed_by(root: Path, name: str) -> Iterator[str]:
    """Yield the paths of a distribution's files, from its RECORD."""
    for record in root.glob(f"{name}-*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as lines:
            yield from (row[0] for row in csv.reader(lines))


def _interpreter(python: str) -> str | None:
    """Return the path of a Python of that version, or None if none is installed here."""
    find = [find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", "--system", python]
    found = subprocess.run(find, capture_output=True, text=True, check=False)
    return None if found.returncode else found.stdout.strip()


def _run(what: str, *command: str) -> str:
    """Run a program and return its output; `what` names it in an error."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"{what}: the command failed: {done.stderr.strip()}")
    return done.stdout.strip()
