"""Turns the files that ffmpeg wrote into a job's folder into the files to upload to S3 and their report."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mediaconvert_emulator.naming import S3Location, output_base, segment_suffix
from mediaconvert_emulator.playlists import (
    AlternateAudio,
    Variant,
    master_playlist,
    media_playlist,
    playlist_duration_ms,
    segment_names,
    stream_inf_attributes,
)
from mediaconvert_emulator.renditions import Rendition, RenditionPlan
from mediaconvert_emulator.spec import FileGroup, HlsGroup, JobSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputReport:
    """The result of one output. `file_path` is None for audio-only HLS, whose path MediaConvert doesn't report.

    `media_bytes` is the length of its media files, with the audio that they contain.
    """

    duration_ms: int
    size_px: tuple[int, int] | None
    file_path: str | None
    media_bytes: int

    @property
    def average_bitrate_bps(self) -> int | None:
        """The bits of the media files per second; None for an output without a length."""
        return round(self.media_bytes * 8_000 / self.duration_ms) if self.duration_ms else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReport:
    """The result of one output group; `playlist_path` is its master playlist."""

    type: str
    playlist_path: str | None
    outputs: tuple[OutputReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One file to upload; `source` is a path in the job's folder or the file's text."""

    location: S3Location
    source: Path | str

    @property
    def size_bytes(self) -> int:
        """The size of the file."""
        return self.source.stat().st_size if isinstance(self.source, Path) else len(self.source.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFiles:
    """All files of a job.

    `media` must be uploaded before `playlists`, and these in their order, so that a playlist never refers to a missing
    file.
    """

    media: tuple[OutputFile, ...]
    playlists: tuple[OutputFile, ...]
    groups: tuple[GroupReport, ...]


def collect_output_files(spec: JobSpec, plan: RenditionPlan, folder: Path) -> OutputFiles:
    """Return the files of a finished transcode.

    This function reads playlists and probes files: call it in a thread.
    """
    media: list[OutputFile] = []
    playlists: list[OutputFile] = []
    reports: list[GroupReport] = []
    for index, group in enumerate(spec.groups):
        base = output_base(group.destination, spec.input.uri)
        renditions = [rendition for rendition in plan.renditions if rendition.group_index == index]
        match group:
            case HlsGroup():
                hls_outputs = [_HlsOutput(rendition, group, base, folder) for rendition in renditions]
                media += [file for output in hls_outputs for file in output.segments()]
                playlists += [output.playlist() for output in hls_outputs]
                location = S3Location(base.bucket, f"{base.key}.m3u8")
                playlists.append(OutputFile(location=location, source=_master_playlist(hls_outputs)))
                outputs = tuple(output.report() for output in hls_outputs)
                reports.append(GroupReport(type="HLS_GROUP", playlist_path=location.uri, outputs=outputs))
            case FileGroup():
                files = [_file_output(rendition, base, folder, plan.duration_s) for rendition in renditions]
                media += [file for file, _ in files]
                outputs = tuple(report for _, report in files)
                reports.append(GroupReport(type="FILE_GROUP", playlist_path=None, outputs=outputs))
    return OutputFiles(media=tuple(media), playlists=tuple(playlists), groups=tuple(reports))


@dataclass(frozen=True, slots=True)
class _HlsOutput:
    rendition: Rendition
    group: HlsGroup
    base: S3Location
    folder: Path

    @property
    def stem(self) -> str:
        return self.base.key + self.rendition.output.name_modifier

    @property
    def local_playlist(self) -> str:
        return (self.folder / f"{self.rendition.local_name}.m3u8").read_text()

    @property
    def local_master_playlist(self) -> str:
        return (self.folder / f"{self.rendition.local_name}.master.m3u8").read_text()

    @property
    def playlist_location(self) -> S3Location:
        return S3Location(self.base.bucket, f"{self.stem}.m3u8")

    def published_names(self) -> dict[str, str]:
        """Return the name in S3 of each segment, by its local name."""
        stem = self.stem.rpartition("/")[2] + self.rendition.output.segment_modifier
        return {name: stem + segment_suffix(n) for n, name in enumerate(segment_names(self.local_playlist), start=1)}

    def segments(self) -> Iterator[OutputFile]:
        for local_name, published_name in self.published_names().items():
            yield OutputFile(location=self.playlist_location.sibling(published_name), source=self.folder / local_name)

    def playlist(self) -> OutputFile:
        text = media_playlist(self.local_playlist, self.published_names(), self.group.encryption)
        return OutputFile(location=self.playlist_location, source=text)

    def report(self) -> OutputReport:
        video = self.rendition.video
        return OutputReport(
            duration_ms=playlist_duration_ms(self.local_playlist),
            size_px=video.picture.framed if video else None,
            file_path=self.playlist_location.uri if video else None,
            media_bytes=sum(segment.size_bytes for segment in self.segments()),
        )


def _master_playlist(hls_outputs: list[_HlsOutput]) -> str:
    variants: list[Variant] = []
    alternates: list[AlternateAudio] = []
    has_video = any(hls_output.rendition.video for hls_output in hls_outputs)
    for hls_output in hls_outputs:
        name = hls_output.playlist_location.key.rpartition("/")[2]
        output, video = hls_output.rendition.output, hls_output.rendition.video
        stream_inf = stream_inf_attributes(hls_output.local_master_playlist)
        if output.is_alternate_audio and has_video:
            alternates.append(
                AlternateAudio(
                    playlist_name=name,
                    group_id=output.audio_group_id,
                    name=output.name_modifier.strip("_-") or "audio",
                    stream_inf=stream_inf,
                    is_default=output.is_default_audio,
                )
            )
            continue
        variants.append(
            Variant(
                playlist_name=name,
                stream_inf=stream_inf,
                frame_rate=video.frame_rate if video else None,
                audio_group_id=output.audio_group_id if video and not hls_output.rendition.audios else None,
            )
        )
    return master_playlist(variants, alternates)


def _file_output(
    rendition: Rendition, base: S3Location, folder: Path, duration_s: float | None
) -> tuple[OutputFile, OutputReport]:
    source = folder / f"{rendition.local_name}.media"
    key = f"{base.key}{rendition.output.name_modifier}.{rendition.output.extension}"
    file = OutputFile(location=S3Location(base.bucket, key), source=source)
    report = OutputReport(
        duration_ms=round((duration_s or 0) * 1000),
        size_px=rendition.video.picture.framed if rendition.video else None,
        file_path=file.location.uri,
        media_bytes=file.size_bytes,
    )
    return file, report
