"""Turns the files that ffmpeg wrote into a job's folder into the files to upload to S3 and their report."""

from collections.abc import Mapping
from pathlib import Path

from mediaconvert_emulator.dash_manifest import dash_manifest
from mediaconvert_emulator.file_output import captured_pictures, media_file
from mediaconvert_emulator.hls_output import HlsOutput
from mediaconvert_emulator.media import OutputMedia
from mediaconvert_emulator.naming import S3Location, output_base
from mediaconvert_emulator.output_report import GroupFiles, GroupReport, OutputFile, OutputFiles
from mediaconvert_emulator.playlists import MP4_VERSION, TS_VERSION
from mediaconvert_emulator.renditions import RenditionPlan
from mediaconvert_emulator.segmented_output import SegmentedOutput, manifest_options
from mediaconvert_emulator.spec import FileGroup, HlsGroup, JobSpec, SegmentedGroup
from mediaconvert_emulator.stream_output import master_of


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
    groups: list[GroupFiles] = []
    for index, group in enumerate(spec.groups):
        base = output_base(group.destination, spec.input.uri)
        match group:
            case HlsGroup():
                groups.append(_hls_files(index, group, base, plan, folder, written))
            case SegmentedGroup():
                groups.append(_segmented_files(index, group, base, plan, folder, written))
            case FileGroup():
                groups.append(_file_group_files(index, base, plan, folder, written))
    return OutputFiles(
        media=tuple(file for group in groups for file in group.media),
        playlists=tuple(file for group in groups for file in group.playlists),
        groups=tuple(group.report for group in groups),
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
        for rendition in plan.renditions
        if not rendition.capture
    }


def _hls_files(
    index: int,
    group: HlsGroup,
    base: S3Location,
    plan: RenditionPlan,
    folder: Path,
    written: Mapping[str, OutputMedia],
) -> GroupFiles:
    outputs = [HlsOutput(r, base, folder, written[r.local_name], group) for r in plan.of_group(index)]
    main = OutputFile(
        location=S3Location(base.bucket, f"{base.key}.m3u8"), source=master_of(outputs, plan.media, version=TS_VERSION)
    )
    return GroupFiles(
        media=tuple(file for output in outputs for file in output.files()),
        playlists=(*(output.playlist() for output in outputs), main),
        report=GroupReport(
            type="HLS_GROUP",
            playlist_paths=(main.location.uri,),
            outputs=tuple(output.report() for output in outputs),
        ),
    )


def _segmented_files(
    index: int,
    group: SegmentedGroup,
    base: S3Location,
    plan: RenditionPlan,
    folder: Path,
    written: Mapping[str, OutputMedia],
) -> GroupFiles:
    outputs = [SegmentedOutput(r, base, folder, written[r.local_name], group) for r in plan.of_group(index)]
    media = tuple(file for output in outputs for file in output.write())
    playlists, main = [], []
    if group.has_dash:
        text = dash_manifest([output.representation(plan.media) for output in outputs], manifest_options(group))
        main.append(OutputFile(location=S3Location(base.bucket, f"{base.key}.mpd"), source=text))
    if group.has_hls:
        playlists = [output.playlist() for output in outputs]
        text = master_of(outputs, plan.media, version=MP4_VERSION)
        main.append(OutputFile(location=S3Location(base.bucket, f"{base.key}.m3u8"), source=text))
    return GroupFiles(
        media=media,
        playlists=(*playlists, *main),
        report=GroupReport(
            type=group.kind,
            playlist_paths=tuple(file.location.uri for file in main),
            outputs=tuple(output.report() for output in outputs),
        ),
    )


def _file_group_files(
    index: int, base: S3Location, plan: RenditionPlan, folder: Path, written: Mapping[str, OutputMedia]
) -> GroupFiles:
    outputs = [
        captured_pictures(r, base, folder) if r.capture else media_file(r, base, folder, written[r.local_name])
        for r in plan.of_group(index)
    ]
    return GroupFiles(
        media=tuple(file for files, _ in outputs for file in files),
        playlists=(),
        report=GroupReport(type="FILE_GROUP", playlist_paths=(), outputs=tuple(report for _, report in outputs)),
    )
