"""Turns the files that ffmpeg wrote into a job's folder into the files to upload to S3 and their report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediaconvert_emulator.caption_output import CaptionOutput, Captions, caption_outputs
from mediaconvert_emulator.caption_tags import caption_tags
from mediaconvert_emulator.dash_manifest import dash_manifest
from mediaconvert_emulator.file_output import captured_pictures, media_file
from mediaconvert_emulator.hls_output import HlsOutput
from mediaconvert_emulator.media import OutputMedia
from mediaconvert_emulator.naming import S3Location, output_base
from mediaconvert_emulator.output_report import GroupFiles, GroupReport, OutputFile, OutputFiles, OutputReport
from mediaconvert_emulator.playlists import MP4_VERSION, TS_VERSION
from mediaconvert_emulator.renditions import Rendition, RenditionPlan
from mediaconvert_emulator.segmented_output import SegmentedOutput, manifest_options
from mediaconvert_emulator.spec import FileGroup, HlsGroup, JobSpec, SegmentedGroup
from mediaconvert_emulator.stream_output import StreamOutput, master_of


@dataclass(frozen=True, slots=True)
class _Made:
    """A job's folder, the properties of its files, and the captions of its input."""

    folder: Path
    written: Mapping[str, OutputMedia]
    captions: Captions


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
    groups: list[GroupFiles] = []
    made = _Made(folder, written, captions)
    for index, group in enumerate(spec.groups):
        base = output_base(group.destination, spec.input.uri)
        match group:
            case HlsGroup():
                groups.append(_hls_files(index, group, base, plan, made))
            case SegmentedGroup():
                groups.append(_segmented_files(index, group, base, plan, made))
            case FileGroup():
                groups.append(_file_group_files(index, base, plan, made))
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
        for rendition in plan.encoded
        if not rendition.capture
    }


def _hls_files(
    index: int,
    group: HlsGroup,
    base: S3Location,
    plan: RenditionPlan,
    made: _Made,
) -> GroupFiles:
    outputs = [HlsOutput(r, base, made.folder, made.written[r.local_name], group) for r in _encoded(plan, index)]
    texts = caption_outputs(outputs, plan, made.captions, (index, group), version=TS_VERSION)
    tags = caption_tags([(text.playlist_name, text.caption) for text in texts], group.closed_captions)
    main = OutputFile(
        location=S3Location(base.bucket, f"{base.key}.m3u8"),
        source=master_of(outputs, version=TS_VERSION, captions=tags),
    )
    streams: list[HlsOutput | CaptionOutput] = [*outputs, *texts]
    return GroupFiles(
        media=tuple(file for stream in streams for file in stream.files()),
        playlists=(*(stream.playlist() for stream in streams), main),
        report=GroupReport(
            type="HLS_GROUP",
            playlist_paths=(main.location.uri,),
            outputs=_reports(plan, index, (*outputs, *texts)),
        ),
    )


def _encoded(plan: RenditionPlan, index: int) -> list[Rendition]:
    return [rendition for rendition in plan.of_group(index) if not rendition.output.caption]


def _reports(
    plan: RenditionPlan, index: int, outputs: Sequence[StreamOutput | CaptionOutput]
) -> tuple[OutputReport, ...]:
    """Return the results of outputs in the job's order."""
    reports = {output.rendition.local_name: output.report() for output in outputs}
    return tuple(reports[rendition.local_name] for rendition in plan.of_group(index))


def _segmented_files(
    index: int,
    group: SegmentedGroup,
    base: S3Location,
    plan: RenditionPlan,
    made: _Made,
) -> GroupFiles:
    outputs = [SegmentedOutput(r, base, made.folder, made.written[r.local_name], group) for r in _encoded(plan, index)]
    texts = caption_outputs(outputs, plan, made.captions, (index, group), version=MP4_VERSION)
    media = tuple(file for output in outputs for file in output.write())
    media += tuple(file for text in texts for file in text.files())
    playlists, main = [], []
    if group.has_dash:
        text = dash_manifest(
            [output.representation() for output in outputs] + [text.representation() for text in texts],
            manifest_options(group),
        )
        main.append(OutputFile(location=S3Location(base.bucket, f"{base.key}.mpd"), source=text))
    if group.has_hls:
        streams: list[SegmentedOutput | CaptionOutput] = [*outputs, *texts]
        playlists = [stream.playlist() for stream in streams]
        tags = caption_tags([(each.playlist_name, each.caption) for each in texts], None)
        text = master_of(outputs, version=MP4_VERSION, captions=tags)
        main.append(OutputFile(location=S3Location(base.bucket, f"{base.key}.m3u8"), source=text))
    return GroupFiles(
        media=media,
        playlists=(*playlists, *main),
        report=GroupReport(
            type=group.kind,
            playlist_paths=tuple(file.location.uri for file in main),
            outputs=_reports(plan, index, (*outputs, *texts)),
        ),
    )


def _file_group_files(index: int, base: S3Location, plan: RenditionPlan, made: _Made) -> GroupFiles:
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
