"""What goes into the Lambda package, and its bits. Pure: files go in, an archive and its name come out.

Two builds from the same files are the same bits: sorted names, one date, fixed modes, nothing that an installer noted
down about the machine it ran on.
"""

import hashlib
import io
import stat
import zipfile
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath

SERVICES = frozenset({"dynamodb", "mediaconvert", "s3", "secretsmanager", "sqs", "sso", "sso-oidc", "sts"})
"""The services whose description botocore keeps: those that `transcode/aws.py` opens, and those of its credentials. The
other four hundred are most of its size; what names endpoints, partitions and retries stands beside them, and stays."""

SERVERS = ("httptools", "uvicorn", "uvloop")
"""Distributions that only a server of our own needs; on Lambda, Lambda is the server."""

NOTES = frozenset({"RECORD", "INSTALLER", "REQUESTED"})
"""What an installer notes down about itself."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip can tell."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class File:
    """A file of the package; `path` is relative, with slashes."""

    path: str
    body: bytes

    @property
    def mode(self) -> int:
        """Readable by whoever Lambda runs the function as; libraries are executable, as installers make them."""
        return stat.S_IFREG | (0o755 if ".so" in PurePosixPath(self.path).suffixes else 0o644)


def is_kept(path: str, *, dropped: AbstractSet[str] = frozenset()) -> bool:
    """Tell whether an installed file belongs into the package; `dropped` are paths of distributions left out.

    >>> is_kept("botocore/data/sqs/2012-11-05/service-2.json.gz"), is_kept("botocore/data/endpoints.json")
    (True, True)
    >>> is_kept("botocore/data/ec2/2016-11-15/service-2.json.gz"), is_kept("bin/uvicorn")
    (False, False)
    """
    match PurePosixPath(path).parts:
        case ("bin", *_) | (".lock",):
            return False  # scripts, whose first line names the builder's Python
        case ("botocore", "data", service, _, *_) if service not in SERVICES:
            return False
        case (*_, folder, note) if folder.endswith(".dist-info") and note in NOTES:
            return False
        case parts:
            return "__pycache__" not in parts and path not in dropped


def digest(files: Sequence[File]) -> str:
    """Return what tells one content from another, whichever zlib packed it: 64 hexadecimal digits."""
    summary = hashlib.sha256()
    for file in sorted(files):
        summary.update(f"{file.path}\0{file.mode:o}\0{len(file.body)}\0".encode())
        summary.update(file.body)
    return summary.hexdigest()


def archive(files: Sequence[File], *, comment: str = "") -> bytes:
    """Return the zip of these files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        package.comment = comment.encode()
        for file in sorted(files):
            entry = zipfile.ZipInfo(file.path, date_time=EPOCH)
            entry.create_system = 3  # Unix, whatever the builder's system: only so do the modes count
            entry.external_attr = file.mode << 16
            package.writestr(entry, file.body, zipfile.ZIP_DEFLATED, compresslevel=9)
    return target.getvalue()
