"""Turns the files that ffmpeg wrote into a job's folder into the files to upload to S3 and their report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from mediaconvert_emulator.dash_manifest import dash_manifest
from mediaconvert_emulator.file_output import captured_pictures, media_file
from mediaconvert_emulator.hls_output import HlsOutput, hls_version
from mediaconvert_emulator.media import Media, OutputMedia
from mediaconvert_emulator.media_playlist import MP4_VERSION
from mediaconvert_emulator.naming import S3Location, output_base
from mediaconvert_emulator.output_report import GroupFiles, GroupReport, OutputFile, OutputFiles
from mediaconvert_emulator.program_date import first_date
from mediaconvert_emulator.renditions import RenditionPlan
from mediaconvert_emulator.segmented_output import SegmentedOutput, manifest_options
from mediaconvert_emulator.spec import FileGroup, Group, HlsGroup, JobSpec, SegmentedGroup, StreamGroup
from mediaconvert_emulator.stream_output import StreamOutput, master_of

_Output = TypeVar("_Output", bound=StreamOutput)


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
    groups: list[tuple[Group, GroupFiles]] = []
    for index, group in enumerate(spec.groups):
        base = output_base(group.destination, spec.input.uri)
        match group:
            case HlsGroup():
                groups.append((group, _hls_files(index, group, base, plan, folder, written)))
            case SegmentedGroup():
                groups.append((group, _segmented_files(index, group, base, plan, folder, written)))
            case FileGroup():
                groups.append((group, _file_group_files(index, base, plan, folder, written)))
    return OutputFiles(
        media=tuple(file for group, files in groups for file in _with_options(files.media, group)),
        playlists=tuple(file for group, files in groups for file in _with_options(files.playlists, group)),
        groups=tuple(files.report for _, files in groups),
    )


def _with_options(files: Sequence[OutputFile], group: Group) -> Iterator[OutputFile]:
    yield from (replace(file, arguments=group.s3.arguments) for file in files)


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
    date = first_date(group.program_date, plan.media) if group.program_date else None
    outputs = [HlsOutput(r, base, folder, written[r.local_name], group, date) for r in plan.of_group(index)]
    mains = _main_playlists(outputs, group, base, plan.media, version=hls_version(group))
    playlists = (*(playlist for output in outputs for playlist in output.playlists()), *mains)
    return GroupFiles(
        media=tuple(file for output in outputs for file in output.files()),
        playlists=playlists if group.has_manifests else (),
        report=GroupReport(
            type="HLS_GROUP",
            playlist_paths=(mains[-1].location.uri,) if group.has_manifests else (),
            outputs=tuple(output.report() for output in outputs),
        ),
    )


def _main_playlists(
    outputs: Sequence[StreamOutput], group: StreamGroup, base: S3Location, media: Media, *, version: int
) -> list[OutputFile]:
    """Return the main playlists; the one with all outputs is the last."""
    return [
        OutputFile(
            location=S3Location(base.bucket, f"{base.key}{modifier}.m3u8"),
            source=master_of(selected, group, media, version=version),
            is_compressed=group.playlist.is_compressed,
        )
        for modifier, selected in _selections(outputs, group)
    ]


def _selections(outputs: Sequence[_Output], group: StreamGroup) -> Iterator[tuple[str, list[_Output]]]:
    """Yield the name modifier and the outputs of each main manifest; the one with all outputs is the last.

    A manifest without outputs is left out: all outputs that it selects were omitted.
    """
    for manifest in group.manifests:
        selected = [output for output in outputs if output.rendition.output_index in manifest.output_indexes]
        if selected:
            yield manifest.name_modifier, selected
    yield "", list(outputs)


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
    playlists: list[OutputFile] = []
    reported: list[OutputFile] = []
    if group.has_dash:
        manifests = _dash_manifests(outputs, group, base, plan.media)
        playlists += manifests
        reported.append(manifests[-1])
    if group.has_hls:
        mains = _main_playlists(outputs, group, base, plan.media, version=MP4_VERSION)
        playlists += [playlist for output in outputs for playlist in output.playlists()] + mains
        reported.append(mains[-1])
    return GroupFiles(
        media=media,
        playlists=tuple(playlists),
        report=GroupReport(
            type=group.kind,
            playlist_paths=tuple(file.location.uri for file in reported),
            outputs=tuple(output.report() for output in outputs),
        ),
    )


def _dash_manifests(
    outputs: Sequence[SegmentedOutput], group: SegmentedGroup, base: S3Location, media: Media
) -> list[OutputFile]:
    """Return the manifests of DASH; the one with all outputs is the last."""
    return [
        OutputFile(
            location=S3Location(base.bucket, f"{base.key}{modifier}.mpd"),
            source=dash_manifest([output.representation(media) for output in selected], manifest_options(group)),
        )
        for modifier, selected in _selections(outputs, group)
    ]


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
