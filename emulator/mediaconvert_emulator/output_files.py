"""Turns the files that ffmpeg wrote into a job's folder into the files to upload to S3 and their report."""

from collections.abc import Mapping
from pathlib import Path

from mediaconvert_emulator.hls_output import HlsOutput, master_of
from mediaconvert_emulator.media import OutputMedia
from mediaconvert_emulator.naming import S3Location, output_base
from mediaconvert_emulator.output_report import GroupReport, OutputFile, OutputFiles, OutputReport
from mediaconvert_emulator.renditions import Rendition, RenditionPlan
from mediaconvert_emulator.spec import FileGroup, HlsGroup, JobSpec


def collect_output_files(
    spec: JobSpec, plan: RenditionPlan, folder: Path, written: Mapping[str, OutputMedia]
) -> OutputFiles:
    """Return the files of a finished transcode.

    This function reads ffmpeg's playlists and the sizes of files: call it in a thread.

    Args:
        spec: The job.
        plan: Its renditions.
        folder: The job's folder, which contains the files.
        written: The properties of each rendition, by its local name.
    """
    media: list[OutputFile] = []
    playlists: list[OutputFile] = []
    reports: list[GroupReport] = []
    for index, group in enumerate(spec.groups):
        base = output_base(group.destination, spec.input.uri)
        renditions = [rendition for rendition in plan.renditions if rendition.group_index == index]
        match group:
            case HlsGroup():
                hls_outputs = [HlsOutput(r, group, base, folder, written[r.local_name]) for r in renditions]
                media += [file for output in hls_outputs for file in output.files()]
                playlists += [output.playlist() for output in hls_outputs]
                location = S3Location(base.bucket, f"{base.key}.m3u8")
                playlists.append(OutputFile(location=location, source=master_of(hls_outputs, plan.media)))
                outputs = tuple(output.report() for output in hls_outputs)
                reports.append(GroupReport(type="HLS_GROUP", playlist_path=location.uri, outputs=outputs))
            case FileGroup():
                files = [_file_output(r, base, folder, written[r.local_name]) for r in renditions]
                media += [file for file, _ in files]
                outputs = tuple(report for _, report in files)
                reports.append(GroupReport(type="FILE_GROUP", playlist_path=None, outputs=outputs))
    return OutputFiles(media=tuple(media), playlists=tuple(playlists), groups=tuple(reports))


def local_outputs(spec: JobSpec, plan: RenditionPlan, folder: Path) -> dict[str, Path]:
    """Return the file that ffmpeg wrote for each rendition, by its local name: a playlist or the media."""
    return {
        rendition.local_name: folder
        / (
            f"{rendition.local_name}.m3u8"
            if isinstance(spec.groups[rendition.group_index], HlsGroup)
            else f"{rendition.local_name}.media"
        )
        for rendition in plan.renditions
    }


def _file_output(
    rendition: Rendition, base: S3Location, folder: Path, written: OutputMedia
) -> tuple[OutputFile, OutputReport]:
    source = folder / f"{rendition.local_name}.media"
    key = f"{base.key}{rendition.output.name_modifier}.{rendition.output.extension}"
    file = OutputFile(location=S3Location(base.bucket, key), source=source)
    report = OutputReport(
        duration_ms=round((written.duration_s or 0) * 1000),
        size_px=rendition.video.picture.framed if rendition.video else None,
        file_path=file.location.uri,
        media_bytes=file.size_bytes,
    )
    return file, report
