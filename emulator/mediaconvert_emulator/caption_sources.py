"""Reads the captions that a job's outputs use: downloads the files, and lets the child process parse them."""

from pathlib import Path

from mediaconvert_emulator.caption_output import Captions
from mediaconvert_emulator.captions import CaptionTrack, moved
from mediaconvert_emulator.errors import InputUnreadable, JobTimedOut, UnknownJobError
from mediaconvert_emulator.ffmpeg_errors import TIMED_OUT_MESSAGE
from mediaconvert_emulator.input_spec import CaptionSource
from mediaconvert_emulator.naming import parse_s3_uri
from mediaconvert_emulator.probe_process import MediaUnreadable, ProbeCrashed, ProbeProcess, ProbeTimedOut
from mediaconvert_emulator.renditions import JobWarning
from mediaconvert_emulator.spec import JobSpec
from mediaconvert_emulator.storage import Storage

NO_CAPTIONS = 900_003
"""A code of the emulator's own."""


async def read_captions(
    spec: JobSpec, folder: Path, storage: Storage, process: ProbeProcess, *, input_path: Path
) -> Captions:
    """Return the captions of each source that an output uses.

    Args:
        spec: The job.
        folder: The job's folder, for the files.
        storage: Downloads the files.
        process: Parses them.
        input_path: The input, for captions that it contains.

    Raises:
        JobError: A file is missing, can't be read, or is not of the type that its selector names.
    """
    captions: dict[CaptionSource, CaptionTrack] = {}
    used = [output.caption.source for group in spec.groups for output in group.outputs if output.caption]
    for number, source in enumerate(dict.fromkeys(used)):
        path = input_path
        if source.uri:
            path = folder / f"captions-{number}"
            await storage.download(parse_s3_uri(source.uri), path, lambda _done, _size: None)
        captions[source] = moved(await _parse(source, path, process, spec.input.uri), source.delta_ms)
    return captions


async def _parse(source: CaptionSource, path: Path, process: ProbeProcess, input_uri: str) -> CaptionTrack:
    uri = source.uri or input_uri
    try:
        return await process.captions(path, source=source.kind, track_index=source.track_index)
    except MediaUnreadable as error:
        message = f"Failed to initialize pipeline [Caption file [{uri}] does not appear to be the correct type.]. (IS)"
        raise InputUnreadable(message) from error
    except ProbeTimedOut as error:
        raise JobTimedOut(TIMED_OUT_MESSAGE) from error
    except ProbeCrashed as error:
        raise UnknownJobError(f"Unexpected error while reading captions [{uri}]: [{error}]") from error


def caption_warnings(captions: Captions) -> tuple[JobWarning, ...]:
    """Return the warning about captions that an input doesn't have."""
    if any(source.uri is None and not track.cues for source, track in captions.items()):
        return (JobWarning(code=NO_CAPTIONS, message="The input has no such captions, so the outputs have none"),)
    return ()
