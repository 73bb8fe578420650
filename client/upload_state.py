"""Uploads in parts that were begun and not finished, remembered on disk, so that a later run goes on with them.

One file an upload, in the user's cache folder; it holds the upload's id and key, never the caller's token.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An upload in parts; all parts but the last are of the same length."""

    input_file: str
    upload_id: str
    part_bytes: int


@dataclass(frozen=True, slots=True)
class UploadStates:
    """What is remembered, in a folder of its own."""

    folder: Path

    def find(self, api_url: str, video: Path) -> Begun | None:
        """Return the unfinished upload of this very file to this API; a file that changed has none."""
        try:
            known = json.loads(self._path(api_url, video).read_text(encoding="utf-8"))
            return Begun(
                input_file=str(known["input_file"]),
                upload_id=str(known["upload_id"]),
                part_bytes=int(known["part_bytes"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, api_url: str, video: Path, begun: Begun) -> None:
        """Remember the upload; others of this machine can't read it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(api_url, video)
        unfinished = path.with_suffix(".new")
        unfinished.write_text(json.dumps(asdict(begun)), encoding="utf-8")
        unfinished.chmod(0o600)
        unfinished.replace(path)

    def forget(self, api_url: str, video: Path) -> None:
        """Forget the upload."""
        self._path(api_url, video).unlink(missing_ok=True)

    def _path(self, api_url: str, video: Path) -> Path:
        """Return where the upload is kept: found again by the API, the file's path, its length and its last change."""
        stat = video.stat()
        name = f"{api_url}\n{video.resolve()}\n{stat.st_size}\n{stat.st_mtime_ns}"
        return self.folder / f"{hashlib.sha256(name.encode(errors='surrogateescape')).hexdigest()[:32]}.json"


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder in the user's cache: https://specifications.freedesktop.org/basedir-spec/latest/."""
    cache = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "mediaconvert-status" / "uploads"
