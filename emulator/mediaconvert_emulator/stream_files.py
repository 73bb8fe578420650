"""The files of one HLS, CMAF or DASH group: its segments, its playlists, and its manifests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from mediaconvert_emulator.caption_output import CaptionOutput, Captions, caption_outputs
from mediaconvert_emulator.caption_tags import caption_tags
from mediaconvert_emulator.dash_manifest import dash_manifest
from mediaconvert_emulator.hls_output import HlsOutput, hls_version
from mediaconvert_emulator.media import OutputMedia
from mediaconvert_emulator.media_playlist import MP4_VERSION
from mediaconvert_emulator.naming import S3Location
from mediaconvert_emulator.output_report import GroupFiles, GroupReport, OutputFile, OutputReport
from mediaconvert_emulator.program_date import first_date
from mediaconvert_emulator.renditions import Rendition, RenditionPlan
from mediaconvert_emulator.segmented_output import SegmentedOutput, manifest_options
from mediaconvert_emulator.spec import HlsGroup, SegmentedGroup, StreamGroup
from mediaconvert_emulator.stream_output import StreamOutput, master_of

Output: TypeAlias = StreamOutput | CaptionOutput
_Output = TypeVar("_Output", bound=Output)


@dataclass(frozen=True, slots=True)
class Made:
    """A job's folder, the properties of its files by the renditions' local names, and the captions of its input."""

    folder: Path
    written: Mapping[str, OutputMedia]
    captions: Captions


def hls_files(index: int, group: HlsGroup, base: S3Location, plan: RenditionPlan, made: Made) -> GroupFiles:
    """Return the files of an HLS group, which is the job's group with this index."""
    date = first_date(group.program_date, plan.media) if group.program_date else None
    version = hls_version(group)
    outputs = [HlsOutput(r, base, made.folder, made.written[r.local_name], group, date) for r in _encoded(plan, index)]
    texts = caption_outputs(outputs, plan, made.captions, (index, group), version=version)
    streams: list[HlsOutput | CaptionOutput] = [*outputs, *texts]
    mains = _main_playlists(streams, group, base, version=version)
    playlists = (*(playlist for stream in streams for playlist in stream.playlists()), *mains)
    return GroupFiles(
        media=tuple(file for stream in streams for file in stream.files()),
        playlists=playlists if group.has_manifests else (),
        report=GroupReport(
            type="HLS_GROUP",
            playlist_paths=(mains[-1].location.uri,) if group.has_manifests else (),
            outputs=_reports(plan, index, streams),
        ),
    )


def segmented_files(index: int, group: SegmentedGroup, base: S3Location, plan: RenditionPlan, made: Made) -> GroupFiles:
    """Return the files of a CMAF or DASH group, which is the job's group with this index."""
    outputs = [SegmentedOutput(r, base, made.folder, made.written[r.local_name], group) for r in _encoded(plan, index)]
    texts = caption_outputs(outputs, plan, made.captions, (index, group), version=MP4_VERSION)
    streams: list[SegmentedOutput | CaptionOutput] = [*outputs, *texts]
    media = tuple(file for output in outputs for file in output.write())
    playlists: list[OutputFile] = []
    reported: list[OutputFile] = []
    if group.has_dash:
        manifests = _dash_manifests(streams, group, base)
        playlists += manifests
        reported.append(manifests[-1])
    if group.has_hls:
        mains = _main_playlists(streams, group, base, version=MP4_VERSION)
        playlists += [playlist for stream in streams for playlist in stream.playlists()] + mains
        reported.append(mains[-1])
    return GroupFiles(
        media=media + tuple(file for text in texts for file in text.files()),
        playlists=tuple(playlists),
        report=GroupReport(
            type=group.kind,
            playlist_paths=tuple(file.location.uri for file in reported),
            outputs=_reports(plan, index, streams),
        ),
    )


def _encoded(plan: RenditionPlan, index: int) -> list[Rendition]:
    return [rendition for rendition in plan.of_group(index) if not rendition.output.caption]


def _reports(plan: RenditionPlan, index: int, outputs: Sequence[Output]) -> tuple[OutputReport, ...]:
    """Return the results of outputs in the job's order."""
    reports = {output.rendition.local_name: output.report() for output in outputs}
    return tuple(reports[rendition.local_name] for rendition in plan.of_group(index))


def _main_playlists(
    outputs: Sequence[Output], group: StreamGroup, base: S3Location, *, version: int
) -> list[OutputFile]:
    """Return the main playlists; the one with all outputs is the last."""
    return [
        OutputFile(
            location=S3Location(base.bucket, f"{base.key}{modifier}.m3u8"),
            source=_main_playlist(selected, group, version=version),
            is_compressed=group.playlist.is_compressed,
        )
        for modifier, selected in _selections(outputs, group)
    ]


def _main_playlist(outputs: Sequence[Output], group: StreamGroup, *, version: int) -> str:
    texts = [output for output in outputs if isinstance(output, CaptionOutput)]
    closed_captions = group.closed_captions if isinstance(group, HlsGroup) else None
    tags = caption_tags([(text.playlist_name, text.caption) for text in texts], closed_captions, group.playlist)
    streams = [output for output in outputs if isinstance(output, StreamOutput)]
    return master_of(streams, group, version=version, captions=tags)


def _dash_manifests(
    outputs: Sequence[SegmentedOutput | CaptionOutput], group: SegmentedGroup, base: S3Location
) -> list[OutputFile]:
    """Return the manifests of DASH; the one with all outputs is the last."""
    return [
        OutputFile(
            location=S3Location(base.bucket, f"{base.key}{modifier}.mpd"),
            source=dash_manifest([output.representation() for output in selected], manifest_options(group)),
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
