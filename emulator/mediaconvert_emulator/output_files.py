"""Turns the files that ffmpeg wrote into a job's folder into the files to upload to S3 and their report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mediaconvert_emulator.caption_output import Captions
from mediaconvert_emulator.file_output import captured_pictures, media_file
from mediaconvert_emulator.media import OutputMedia
from mediaconvert_emulator.naming import S3Location, output_base
from mediaconvert_emulator.output_report import GroupFiles, GroupReport, OutputFile, OutputFiles
from mediaconvert_emulator.renditions import RenditionPlan
from mediaconvert_emulator.spec import FileGroup, Group, HlsGroup, JobSpec, SegmentedGroup
from mediaconvert_emulator.stream_files import Made, hls_files, segmented_files


def collect_output_files(
    spec: JobSpec, plan: RenditionPlan, folder: Path, written: Mapping[str, OutputMedia], captions: Captions
) -> OutputFiles:
    """Return the files of a finished transcode.

    This function reads ffmpeg's playlists and the sizes of files: call it in a thread.

    Args:
        spec: The job.
        plan: Its renditions.
        folder: The job's folder, which contains the files.
        written: The properties of each rendition, by its local name.
        captions: The captions of the input.
    """
    made = Made(folder, written, captions)
    groups = [(group, _group_files(index, group, spec, plan, made)) for index, group in enumerate(spec.groups)]
    return OutputFiles(
        media=tuple(file for group, files in groups for file in _with_options(files.media, group)),
        playlists=tuple(file for group, files in groups for file in _with_options(files.playlists, group)),
        groups=tuple(files.report for _, files in groups),
    )


def local_outputs(spec: JobSpec, plan: RenditionPlan, folder: Path) -> dict[str, Path]:
    """Return the file that ffmpeg wrote for each rendition, by its local name: a playlist or the media.

    A frame capture isn't among them: its pictures have known properties.
    """
    return {
        rendition.local_name: folder
        / (
            f"{rendition.local_name}.m3u8"
            if isinstance(spec.groups[rendition.group_index], HlsGroup)
            else f"{rendition.local_name}.media"
        )
        for rendition in plan.encoded
        if not rendition.capture
    }


def _group_files(index: int, group: Group, spec: JobSpec, plan: RenditionPlan, made: Made) -> GroupFiles:
    base = output_base(group.destination, spec.input.uri)
    match group:
        case HlsGroup():
            return hls_files(index, group, base, plan, made)
        case SegmentedGroup():
            return segmented_files(index, group, base, plan, made)
        case FileGroup():
            return _file_group_files(index, base, plan, made)


def _with_options(files: Sequence[OutputFile], group: Group) -> Iterator[OutputFile]:
    yield from (replace(file, arguments=group.s3.arguments) for file in files)


def _file_group_files(index: int, base: S3Location, plan: RenditionPlan, made: Made) -> GroupFiles:
    outputs = [
        captured_pictures(r, base, made.folder)
        if r.capture
        else media_file(r, base, made.folder, made.written[r.local_name])
        for r in plan.of_group(index)
    ]
    return GroupFiles(
        media=tuple(file for files, _ in outputs for file in files),
        playlists=(),
        report=GroupReport(type="FILE_GROUP", playlist_paths=(), outputs=tuple(report for _, report in outputs)),
    )
