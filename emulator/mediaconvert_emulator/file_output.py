"""One output of a file group: a file, or the pictures of a frame capture."""

from collections.abc import Sequence
from pathlib import Path

from mediaconvert_emulator.media import OutputMedia
from mediaconvert_emulator.naming import S3Location
from mediaconvert_emulator.output_report import OutputFile, OutputReport
from mediaconvert_emulator.renditions import Rendition

FileOutput = tuple[tuple[OutputFile, ...], OutputReport]
"""The files of an output, and its result."""


def media_file(rendition: Rendition, base: S3Location, folder: Path, written: OutputMedia) -> FileOutput:
    """Return an output of one file."""
    source = folder / f"{rendition.local_name}.media"
    location = S3Location(base.bucket, f"{base.key}{rendition.output.name_modifier}.{rendition.output.extension}")
    file = OutputFile(location=location, source=source)
    report = OutputReport(
        duration_ms=round((written.duration_s or 0) * 1000),
        size_px=rendition.video.picture.framed if rendition.video else None,
        file_path=location.uri,
        media_bytes=file.size_bytes,
    )
    return (file,), report


def captured_pictures(rendition: Rendition, base: S3Location, folder: Path) -> FileOutput:
    """Return a frame capture: the pictures in order. As on AWS, the result names only the last one.

    Its duration is the number of the pictures times the interval between two of them.
    """
    sources = sorted(folder.glob(f"{rendition.local_name}.*.jpg"))
    files = tuple(OutputFile(location=_picture_location(rendition, base, source), source=source) for source in sources)
    return files, _captured_report(rendition, files)


def _picture_location(rendition: Rendition, base: S3Location, source: Path) -> S3Location:
    number = source.name.split(".")[1]
    name = f"{base.key}{rendition.output.name_modifier}.{number}.{rendition.output.extension}"
    return S3Location(base.bucket, name)


def _captured_report(rendition: Rendition, files: Sequence[OutputFile]) -> OutputReport:
    video = rendition.video
    return OutputReport(
        duration_ms=round(len(files) * 1000 / video.frame_rate) if video else 0,
        size_px=video.picture.framed if video else None,
        file_path=files[-1].location.uri if files else None,
        media_bytes=None,
    )
