"""Reads the audio files beside a job's input: downloads them, and lets the child process read their properties."""

from pathlib import Path

from mediaconvert_emulator.audio_tracks import Sidecars, sidecar_error
from mediaconvert_emulator.errors import JobTimedOut, UnknownJobError
from mediaconvert_emulator.ffmpeg_errors import TIMED_OUT_MESSAGE, unreadable_input_error
from mediaconvert_emulator.media import Media
from mediaconvert_emulator.naming import parse_s3_uri
from mediaconvert_emulator.probe_process import MediaUnreadable, ProbeCrashed, ProbeProcess, ProbeTimedOut
from mediaconvert_emulator.selected_tracks import check_selected_tracks
from mediaconvert_emulator.spec import JobSpec
from mediaconvert_emulator.storage import Storage


async def read_media(path: Path, uri: str, process: ProbeProcess) -> Media:
    """Return the properties of a file that was downloaded from `uri`.

    Raises:
        JobError: It can't be read.
    """
    try:
        return await process.media(path)
    except MediaUnreadable as error:
        raise unreadable_input_error(uri) from error
    except ProbeTimedOut as error:
        raise JobTimedOut(TIMED_OUT_MESSAGE) from error
    except ProbeCrashed as error:
        raise UnknownJobError(f"Unexpected error while probing [{uri}]: [{error}]") from error


async def read_sidecars(spec: JobSpec, media: Media, folder: Path, storage: Storage, process: ProbeProcess) -> Sidecars:
    """Return the audio files of all selectors, and check that each selector's track exists.

    Raises:
        JobError: A file or a track is missing, or can't be read.
    """
    sources = [track for source in spec.input.audio_sources.values() for track in source.tracks if track.uri]
    uris = dict.fromkeys(source.uri for source in sources if source.uri)
    names = Sidecars(media=dict.fromkeys(uris, media))
    found: dict[str, Media] = {}
    for uri in uris:
        path = folder / names.name(uri)
        await storage.download(parse_s3_uri(uri), path, lambda _done, _size: None)
        found[uri] = await read_media(path, uri, process)
    sidecars = Sidecars(media=found)
    check_selected_tracks(spec, media, sidecars)
    for source in sources:
        if source.uri and (error := sidecar_error(source, found[source.uri])):
            raise error
    return sidecars
