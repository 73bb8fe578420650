"""Makes one job's outputs: downloads, probes, transcodes and uploads, in a folder that is always removed."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mediaconvert_emulator.audio_sources import read_media, read_sidecars
from mediaconvert_emulator.caption_sources import CaptionReader, caption_warnings
from mediaconvert_emulator.errors import JobTimedOut, UnknownJobError
from mediaconvert_emulator.ffmpeg_command import EncoderSettings, ffmpeg_arguments, key_files
from mediaconvert_emulator.ffmpeg_errors import TIMED_OUT_MESSAGE
from mediaconvert_emulator.format_identifiers import resolve_names
from mediaconvert_emulator.media import Media, OutputMedia
from mediaconvert_emulator.naming import parse_s3_uri
from mediaconvert_emulator.output_files import collect_output_files, local_outputs
from mediaconvert_emulator.output_report import GroupReport, OutputFiles
from mediaconvert_emulator.probe_process import (
    MediaUnreadable,
    ProbeCrashed,
    ProbeLimits,
    ProbeProcess,
    ProbeTimedOut,
)
from mediaconvert_emulator.progress import Phase, Progress, percent, transcoding_progress
from mediaconvert_emulator.renditions import JobWarning, RenditionPlan, has_known_percentage, plan_renditions
from mediaconvert_emulator.spec import JobSpec
from mediaconvert_emulator.storage import Storage
from mediaconvert_emulator.transcoder import JobFiles, TranscodeLimits, transcode

INPUT_NAME = "input"

ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """The properties of the input, the outputs and the warnings of a successful job."""

    media: Media
    groups: tuple[GroupReport, ...]
    warnings: tuple[JobWarning, ...]
    transcoding_s: float
    """The duration of ffmpeg's run in seconds. The rest of the job's time is the emulator's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRunner:
    """The storage, the encoder and the folder that all jobs use."""

    storage: Storage
    ffmpeg: str
    encoder: EncoderSettings
    temp_dir: Path
    probe_limits: ProbeLimits
    transcode_limits: TranscodeLimits

    async def run(self, spec: JobSpec, *, job_id: str, on_progress: ProgressCallback) -> JobResult:
        """Make all outputs of a job and write them to S3. A cancellation stops ffmpeg and removes the folder.

        Raises:
            JobError: The job failed.
        """
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=f"job-{job_id}-", dir=self.temp_dir))
        try:
            return await self._run_in(folder, spec, on_progress)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    async def _run_in(self, folder: Path, spec: JobSpec, on_progress: ProgressCallback) -> JobResult:
        async with ProbeProcess(self.probe_limits) as process:
            media = await self._download(spec, folder, process, on_progress)
            sidecars = await read_sidecars(spec, media, folder, self.storage, process)
            reader = CaptionReader(
                storage=self.storage, process=process, ffmpeg=self.ffmpeg, limits=self.transcode_limits
            )
            captions = await reader.read(spec, media, folder, INPUT_NAME)
            spec, plan = resolve_names(spec, plan_renditions(spec, media, sidecars), time.time_ns() // 1_000_000)
            began_s = time.monotonic()
            frames_decoded = await self._transcode(spec, plan, folder, on_progress)
            transcoding_s = time.monotonic() - began_s
            written = await self._read_outputs(local_outputs(spec, plan, folder), process)
        files = await asyncio.to_thread(collect_output_files, spec, plan, folder, written, captions)
        await self._upload(files, frames_decoded, on_progress)
        warnings = plan.warnings + caption_warnings(captions)
        return JobResult(media=media, groups=files.groups, warnings=warnings, transcoding_s=transcoding_s)

    async def _transcode(self, spec: JobSpec, plan: RenditionPlan, folder: Path, on_progress: ProgressCallback) -> int:
        """Write the outputs to the folder; return the number of decoded pictures."""
        for name, content in key_files(spec.groups).items():
            (folder / name).write_bytes(content)
        duration_s = plan.duration_s if has_known_percentage(spec) else None
        progress = Progress(phase=Phase.TRANSCODING, phase_percent=percent(0, duration_s))
        on_progress(progress)

        def on_report(report: dict[str, str]) -> None:
            nonlocal progress
            progress = transcoding_progress(report, duration_s).not_before(progress)
            on_progress(progress)

        arguments = ffmpeg_arguments(plan, spec.groups, input_name=INPUT_NAME, encoder=self.encoder)
        job = JobFiles(folder=folder, input_uri=spec.input.uri)
        await transcode([self.ffmpeg, *arguments], job, limits=self.transcode_limits, on_report=on_report)
        return progress.frames_decoded

    async def _download(
        self, spec: JobSpec, folder: Path, process: ProbeProcess, on_progress: ProgressCallback
    ) -> Media:
        def on_bytes(done: int, size: int) -> None:
            on_progress(Progress(phase=Phase.PROBING, phase_percent=percent(done, size)))

        # The process starts while the input arrives, and not at all for an input that doesn't exist.
        location, path = parse_s3_uri(spec.input.uri), folder / INPUT_NAME
        await self.storage.download(location, path, on_bytes, on_found=process.start)
        return await read_media(path, spec.input.uri, process)

    async def _read_outputs(self, paths: dict[str, Path], process: ProbeProcess) -> dict[str, OutputMedia]:
        try:
            return dict(zip(paths, await process.outputs(list(paths.values())), strict=True))
        except ProbeTimedOut as error:
            raise JobTimedOut(TIMED_OUT_MESSAGE) from error
        except (MediaUnreadable, ProbeCrashed) as error:
            raise UnknownJobError(f"Unexpected error while reading the outputs: [{error}]") from error

    async def _upload(self, files: OutputFiles, frames_decoded: int, on_progress: ProgressCallback) -> None:
        size_bytes = sum(file.size_bytes for file in (*files.media, *files.playlists))
        done_bytes = 0

        def on_bytes(count: int) -> None:
            nonlocal done_bytes
            done_bytes += count
            phase_percent = percent(done_bytes, size_bytes)
            on_progress(Progress(phase=Phase.UPLOADING, phase_percent=phase_percent, frames_decoded=frames_decoded))

        on_bytes(0)
        await self.storage.upload(files.media, on_bytes)
        for playlist in files.playlists:
            await self.storage.upload((playlist,), on_bytes)
