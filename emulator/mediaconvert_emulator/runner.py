"""Makes one job's outputs: download, probe, transcode, upload, in a folder that is always removed."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from mediaconvert_emulator.command import Encoder, ffmpeg_arguments, key_files
from mediaconvert_emulator.errors import InputUnreadable
from mediaconvert_emulator.failures import unreadable
from mediaconvert_emulator.media import Media
from mediaconvert_emulator.naming import locate
from mediaconvert_emulator.package import GroupReport, Package, collect
from mediaconvert_emulator.probe import probe
from mediaconvert_emulator.progress import Phase, Progress, percent, transcoding
from mediaconvert_emulator.renditions import Note, has_known_percentage, plan_renditions
from mediaconvert_emulator.spec import JobSpec
from mediaconvert_emulator.storage import Storage
from mediaconvert_emulator.transcoder import transcode

INPUT_NAME = "input"

OnProgress = Callable[[Progress], None]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a job made, and of what."""

    media: Media
    groups: tuple[GroupReport, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """What every job is run with."""

    storage: Storage
    ffmpeg: str
    encoder: Encoder
    temp_dir: Path

    async def run(self, spec: JobSpec, *, job_id: str, on_progress: OnProgress) -> Result:
        """Make all outputs of a job and write them to S3. Cancelling stops ffmpeg and removes the folder.

        Raises:
            JobError: the job fails.
        """
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=f"job-{job_id}-", dir=self.temp_dir))
        try:
            return await self._run(spec, folder, on_progress)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    async def _run(self, spec: JobSpec, folder: Path, on_progress: OnProgress) -> Result:
        media = await self._fetch(spec, folder, on_progress)
        plan = plan_renditions(spec, media)
        for name, content in key_files(spec.groups).items():
            (folder / name).write_bytes(content)
        duration_s = media.duration_s if has_known_percentage(spec) else None
        on_progress(Progress(phase=Phase.TRANSCODING, phase_percent=percent(0, duration_s)))
        frames_decoded = 0

        def on_report(report: dict[str, str]) -> None:
            nonlocal frames_decoded
            progress = transcoding(report, duration_s)
            frames_decoded = progress.frames_decoded
            on_progress(progress)

        arguments = ffmpeg_arguments(plan, spec.groups, input_name=INPUT_NAME, encoder=self.encoder)
        await transcode(self.ffmpeg, arguments, folder=folder, input_uri=spec.input.uri, on_report=on_report)
        package = await asyncio.to_thread(collect, spec, plan, folder)
        await self._publish(package, frames_decoded, on_progress)
        return Result(media=media, groups=package.groups, notes=plan.notes)

    async def _fetch(self, spec: JobSpec, folder: Path, on_progress: OnProgress) -> Media:
        def on_bytes(done: int, size: int) -> None:
            on_progress(Progress(phase=Phase.PROBING, phase_percent=percent(done, size)))

        await self.storage.download(locate(spec.input.uri), folder / INPUT_NAME, on_bytes)
        try:
            return await asyncio.to_thread(probe, folder / INPUT_NAME)
        except InputUnreadable as error:
            raise unreadable(spec.input.uri) from error

    async def _publish(self, package: Package, frames_decoded: int, on_progress: OnProgress) -> None:
        size = sum(upload.size_bytes for upload in (*package.segments, *package.playlists))
        done = 0

        def on_bytes(count: int) -> None:
            nonlocal done
            done += count
            share = percent(done, size)
            on_progress(Progress(phase=Phase.UPLOADING, phase_percent=share, frames_decoded=frames_decoded))

        on_bytes(0)
        await self.storage.upload(package.segments, on_bytes)
        for playlist in package.playlists:
            await self.storage.upload((playlist,), on_bytes)
