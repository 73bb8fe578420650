"""Unfinished multipart uploads, stored on disk so that a later run can resume them.

Each upload has one file in the user's cache folder. It holds the upload's id and key, never the caller's token.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedUpload:
    """A multipart upload; all parts except the last have the same size."""

    input_file: str
    upload_id: str
    part_bytes: int


@dataclass(frozen=True, slots=True)
class UnfinishedUploads:
    """The folder with one file for each unfinished upload."""

    folder: Path

    def find(self, api_url: str, video: Path) -> UnfinishedUpload | None:
        """Return the unfinished upload of this file to this API; None if there is none, or the file has changed."""
        try:
            stored = json.loads(self._path(api_url, video).read_text(encoding="utf-8"))
            return UnfinishedUpload(
                input_file=str(stored["input_file"]),
                upload_id=str(stored["upload_id"]),
                part_bytes=int(stored["part_bytes"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, api_url: str, video: Path, upload: UnfinishedUpload) -> None:
        """Store the upload; other users of this machine can't read it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(api_url, video)
        new = path.with_suffix(".new")
        new.write_text(json.dumps(asdict(upload)), encoding="utf-8")
        new.chmod(0o600)
        new.replace(path)

    def delete(self, api_url: str, video: Path) -> None:
        """Delete the stored upload."""
        self._path(api_url, video).unlink(missing_ok=True)

    def _path(self, api_url: str, video: Path) -> Path:
        """Return the upload's file: its name depends on the API, and the video's path, size and modification time."""
        stat = video.stat()
        identity = f"{api_url}\n{video.resolve()}\n{stat.st_size}\n{stat.st_mtime_ns}"
        return self.folder / f"{hashlib.sha256(identity.encode(errors='surrogateescape')).hexdigest()[:32]}.json"


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder in the user's cache: https://specifications.freedesktop.org/basedir-spec/latest/."""
    cache = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "mediaconvert-status" / "uploads"
