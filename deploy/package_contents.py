"""Selects the Lambda package's files and builds its zip archive. Pure: files go in, an archive and a digest come out.

The build is reproducible: the same files give the same bytes. Names are sorted, dates and modes are fixed, and the
installer's records about its machine are left out.
"""

import gzip
import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

SERVICES = frozenset(
    {"cloudfront", "dynamodb", "events", "mediaconvert", "s3", "secretsmanager", "sqs", "sso", "sso-oidc", "sts"}
)
"""Services whose botocore models are kept: those that `transcode/aws.py` opens, and those that provide credentials. The
models of the other services are most of botocore's size. Its files about endpoints, partitions and retries stay."""

ENDPOINTS = "botocore/data/endpoints.json"
MODEL = "service-2.json.gz"
"""The name of the file with a service's operations."""

SERVERS = ("httptools", "uvicorn", "uvloop")
"""Distributions that only an HTTP server needs; Lambda needs none."""

INSTALLER_RECORDS = frozenset({"RECORD", "INSTALLER", "REQUESTED"})
"""Files that the installer writes about the installation."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip archive can store."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class File:
    """A file of the package; `path` is relative, with slashes."""

    path: str
    body: bytes

    @property
    def mode(self) -> int:
        """The file's mode: readable by every user, as Lambda chooses the user; shared libraries are executable."""
        return stat.S_IFREG | (0o755 if ".so" in PurePosixPath(self.path).suffixes else 0o644)


def is_kept(path: str, *, dropped: AbstractSet[str] = frozenset()) -> bool:
    """Return whether an installed file belongs in the package; `dropped` are the paths of omitted distributions.

    >>> is_kept("botocore/data/sqs/2012-11-05/service-2.json.gz"), is_kept("botocore/data/endpoints.json")
    (True, True)
    >>> is_kept("botocore/data/ec2/2016-11-15/service-2.json.gz"), is_kept("bin/uvicorn")
    (False, False)
    """
    match PurePosixPath(path).parts:
        case ("bin", *_) | (".lock",):
            return False  # scripts name the build machine's Python in their first line
        case ("botocore", "data", service, _, *_) if service not in SERVICES:
            return False
        case (*_, folder, name) if folder.endswith(".dist-info") and name in INSTALLER_RECORDS:
            return False
        case parts:
            return "__pycache__" not in parts and path not in dropped


def packed(path: str, body: bytes) -> File:
    """Return a file as the package has it. The files from which a client is created have only what it reads.

    endpoints.json has fewer services. The services' operations and shapes have no documentation, which is most of their
    size; botocore needs that of other parts. The models are not compressed: the archive does it, and the bytes must not
    depend on the version of zlib.
    """
    if path == ENDPOINTS:
        return File(path=path, body=_with_used_services(body))
    if path.startswith("botocore/data/") and PurePosixPath(path).name == MODEL:
        model = json.loads(gzip.decompress(body))
        described = {part: _without_documentation(model[part]) for part in ("operations", "shapes")}
        return File(path=path.removesuffix(".gz"), body=_compact({**model, **described}))
    return File(path=path, body=body)


def _without_documentation(model: Any) -> Any:  # noqa: ANN401 -- JSON
    match model:
        case dict():
            return {
                name: _without_documentation(each)
                for name, each in model.items()
                if not (name == "documentation" and isinstance(each, str))
            }
        case list():
            return [_without_documentation(each) for each in model]
        case _:
            return model


def _compact(document: Any) -> bytes:  # noqa: ANN401 -- JSON
    return json.dumps(document, separators=(",", ":")).encode()


def _with_used_services(endpoints: bytes) -> bytes:
    """Return botocore's endpoints.json with only the services whose models are kept."""
    document = json.loads(endpoints)
    for partition in document["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in sorted(SERVICES & services.keys())}
    return _compact(document)


def digest(files: Sequence[File]) -> str:
    """Return a digest of the files, which doesn't depend on the version of zlib: 64 hexadecimal digits."""
    summary = hashlib.sha256()
    for file in sorted(files):
        summary.update(f"{file.path}\0{file.mode:o}\0{len(file.body)}\0".encode())
        summary.update(file.body)
    return summary.hexdigest()


def archive(files: Sequence[File], *, comment: str = "") -> bytes:
    """Return a zip archive of the files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        package.comment = comment.encode()
        for file in sorted(files):
            entry = zipfile.ZipInfo(file.path, date_time=EPOCH)
            entry.create_system = 3  # Unix on every build machine: other systems' entries have no modes
            entry.external_attr = file.mode << 16
            package.writestr(entry, file.body, zipfile.ZIP_DEFLATED, compresslevel=9)
    return target.getvalue()
