"""Reads the captions that a job's outputs use: downloads the files, and lets the child process parse them."""

from dataclasses import dataclass
from pathlib import Path

from mediaconvert_emulator.caption_output import Captions
from mediaconvert_emulator.captions import CaptionTrack, moved
from mediaconvert_emulator.embedded_captions import extract_embedded_captions
from mediaconvert_emulator.errors import InputUnreadable, JobTimedOut, UnknownJobError
from mediaconvert_emulator.ffmpeg_errors import TIMED_OUT_MESSAGE
from mediaconvert_emulator.input_spec import CaptionSource
from mediaconvert_emulator.media import Media
from mediaconvert_emulator.naming import parse_s3_uri
from mediaconvert_emulator.probe_process import MediaUnreadable, ProbeCrashed, ProbeProcess, ProbeTimedOut
from mediaconvert_emulator.renditions import JobWarning
from mediaconvert_emulator.spec import JobSpec
from mediaconvert_emulator.storage import Storage
from mediaconvert_emulator.transcoder import JobFiles, TranscodeLimits

NO_CAPTIONS = 900_003
"""A code of the emulator's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionReader:
    """Reads captions for one job, with its child process."""

    storage: Storage
    process: ProbeProcess
    ffmpeg: str
    limits: TranscodeLimits

    async def read(self, spec: JobSpec, media: Media, folder: Path, input_name: str) -> Captions:
        """Return the captions of each source that an output uses.

        Args:
            spec: The job.
            media: The properties of the input.
            folder: The job's folder, for the files.
            input_name: The name of the input in the folder, for captions that it contains.

        Raises:
            JobError: A file is missing, can't be read, or is not of the type that its selector names.
        """
        captions: dict[CaptionSource, CaptionTrack] = {}
        used = [output.caption.source for group in spec.groups for output in group.outputs if output.caption]
        for number, source in enumerate(dict.fromkeys(used)):
            path = folder / f"captions-{number}"
            if source.uri:
                await self.storage.download(parse_s3_uri(source.uri), path, lambda _done, _size: None)
                track = await self._parse(source, path, source.uri)
            else:
                job = JobFiles(folder=folder, input_uri=spec.input.uri)
                track = await self._embedded(source, media, job, input_name, path.name)
            captions[source] = moved(track, source.delta_ms)
        return captions

    async def _embedded(
        self, source: CaptionSource, media: Media, job: JobFiles, input_name: str, name: str
    ) -> CaptionTrack:
        """Return the captions in the pictures, or those of a text track, if the job names it or there are no others."""
        if source.track_index is None and media.video:
            path = await extract_embedded_captions(
                self.ffmpeg,
                job,
                input_name=input_name,
                container=media.container,
                output_name=name,
                limits=self.limits,
            )
            if path.stat().st_size:
                return await self._parse(CaptionSource(kind="SRT"), path, job.input_uri)
        return await self._parse(source, job.folder / input_name, job.input_uri)

    async def _parse(self, source: CaptionSource, path: Path, uri: str) -> CaptionTrack:
        try:
            return await self.process.captions(path, source=source.kind, track_index=source.track_index or 0)
        except MediaUnreadable as error:
            problem = f"Caption file [{uri}] does not appear to be the correct type."
            raise InputUnreadable(f"Failed to initialize pipeline [{problem}]. (IS)") from error
        except ProbeTimedOut as error:
            raise JobTimedOut(TIMED_OUT_MESSAGE) from error
        except ProbeCrashed as error:
            raise UnknownJobError(f"Unexpected error while reading captions [{uri}]: [{error}]") from error


def caption_warnings(captions: Captions) -> tuple[JobWarning, ...]:
    """Return the warning about captions that an input doesn't have."""
    if any(source.uri is None and not track.cues for source, track in captions.items()):
        return (JobWarning(code=NO_CAPTIONS, message="The input has no embedded captions, so the outputs have none"),)
    return ()
