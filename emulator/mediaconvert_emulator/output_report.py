"""The files and the results of a finished job. Pure."""

import gzip
from dataclasses import dataclass
from pathlib import Path

from mediaconvert_emulator.naming import S3Location


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputReport:
    """The result of one output.

    `file_path` is None where MediaConvert reports no path: for audio-only HLS, and for all of CMAF and DASH.
    `media_bytes` is the length of its media files, with the audio that they contain; None for a frame capture.
    """

    duration_ms: int
    size_px: tuple[int, int] | None
    file_path: str | None
    media_bytes: int | None

    @property
    def average_bitrate_bps(self) -> int | None:
        """The bits of the media files per second; None for an output without a length, and for pictures."""
        if self.media_bytes is None or not self.duration_ms:
            return None
        return round(self.media_bytes * 8_000 / self.duration_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReport:
    """The result of one output group; `playlist_paths` are its manifests."""

    type: str
    playlist_paths: tuple[str, ...]
    outputs: tuple[OutputReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One file to upload; `source` is a path in the job's folder or the file's text."""

    location: S3Location
    source: Path | str
    arguments: tuple[tuple[str, str], ...] = ()
    """Further arguments of S3's PutObject."""
    is_compressed: bool = False
    """True for a text that S3 stores compressed, with the header Content-Encoding."""

    @property
    def size_bytes(self) -> int:
        """The size of the file."""
        return self.source.stat().st_size if isinstance(self.source, Path) else len(self.body(self.source))

    def body(self, text: str) -> bytes:
        """Return the bytes of a text in S3."""
        return gzip.compress(text.encode(), mtime=0) if self.is_compressed else text.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFiles:
    """The files of one output group, and its result."""

    media: tuple[OutputFile, ...]
    playlists: tuple[OutputFile, ...]
    report: GroupReport


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFiles:
    """All files of a job.

    `media` must be uploaded before `playlists`, and these in their order, so that a playlist never refers to a missing
    file.
    """

    media: tuple[OutputFile, ...]
    playlists: tuple[OutputFile, ...]
    groups: tuple[GroupReport, ...]
