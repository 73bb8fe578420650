"""What ffmpeg left in the job's folder, as the files that go to S3 and the report of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mediaconvert_emulator.naming import Location, output_base, segment_suffix
from mediaconvert_emulator.playlists import (
    AlternateAudio,
    Variant,
    compose_master,
    duration_ms,
    publish_media_playlist,
    segment_names,
    stream_inf_of,
)
from mediaconvert_emulator.probe import probe
from mediaconvert_emulator.renditions import Plan, Rendition
from mediaconvert_emulator.spec import FileGroup, HlsGroup, JobSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputReport:
    """One output as it came out. A file path is None where MediaConvert names none (audio-only HLS)."""

    duration_ms: int
    size_px: tuple[int, int] | None
    file_path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReport:
    """One output group as it came out; `playlist_path` is its master playlist."""

    type: str
    playlist_path: str | None
    outputs: tuple[OutputReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file to write: of the job's folder, or this text."""

    location: Location
    source: Path | str

    @property
    def size_bytes(self) -> int:
        """Bytes of the file."""
        return self.source.stat().st_size if isinstance(self.source, Path) else len(self.source.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """All files of a job: who finds a playlist finds what it names, so `segments` go first, then `playlists`."""

    segments: tuple[Upload, ...]
    playlists: tuple[Upload, ...]
    groups: tuple[GroupReport, ...]


def collect(spec: JobSpec, plan: Plan, folder: Path) -> Package:
    """The package of a finished transcode. Reads playlists and probes files: call it in a thread."""
    media: list[Upload] = []
    playlists: list[Upload] = []
    reports: list[GroupReport] = []
    for index, group in enumerate(spec.groups):
        base = output_base(group.destination, spec.input.uri)
        renditions = [rendition for rendition in plan.renditions if rendition.group_index == index]
        match group:
            case HlsGroup():
                made = [_HlsOutput(rendition, group, base, folder) for rendition in renditions]
                media += [upload for output in made for upload in output.segments()]
                playlists += [output.playlist() for output in made]
                master = Upload(location=Location(base.bucket, f"{base.key}.m3u8"), source=_master(made))
                playlists.append(master)
                outputs = tuple(output.report() for output in made)
                reports.append(GroupReport(type="HLS_GROUP", playlist_path=master.location.uri, outputs=outputs))
            case FileGroup():
                files = [_file(rendition, base, folder) for rendition in renditions]
                media += [upload for upload, _ in files]
                outputs = tuple(report for _, report in files)
                reports.append(GroupReport(type="FILE_GROUP", playlist_path=None, outputs=outputs))
    return Package(segments=tuple(media), playlists=tuple(playlists), groups=tuple(reports))


@dataclass(frozen=True, slots=True)
class _HlsOutput:
    rendition: Rendition
    group: HlsGroup
    base: Location
    folder: Path

    @property
    def stem(self) -> str:
        return self.base.key + self.rendition.output.name_modifier

    @property
    def local_playlist(self) -> str:
        return (self.folder / f"{self.rendition.local_name}.m3u8").read_text()

    @property
    def playlist_location(self) -> Location:
        return Location(self.base.bucket, f"{self.stem}.m3u8")

    def published_names(self) -> dict[str, str]:
        """The name in S3 of each segment, by its local name."""
        stem = self.stem.rpartition("/")[2] + self.rendition.output.segment_modifier
        return {name: stem + segment_suffix(n) for n, name in enumerate(segment_names(self.local_playlist), start=1)}

    def segments(self) -> Iterator[Upload]:
        for local, published in self.published_names().items():
            yield Upload(location=self.playlist_location.beside(published), source=self.folder / local)

    def playlist(self) -> Upload:
        text = publish_media_playlist(self.local_playlist, self.published_names(), self.group.encryption)
        return Upload(location=self.playlist_location, source=text)

    def report(self) -> OutputReport:
        video = self.rendition.video
        return OutputReport(
            duration_ms=duration_ms(self.local_playlist),
            size_px=video.picture.framed if video else None,
            file_path=self.playlist_location.uri if video else None,
        )


def _master(outputs: list[_HlsOutput]) -> str:
    variants: list[Variant] = []
    alternates: list[AlternateAudio] = []
    has_video = any(output.rendition.video for output in outputs)
    for made in outputs:
        name = made.playlist_location.key.rpartition("/")[2]
        output, video = made.rendition.output, made.rendition.video
        stream_inf = stream_inf_of((made.folder / f"{made.rendition.local_name}.master.m3u8").read_text())
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
                audio_group_id=output.audio_group_id if video and not made.rendition.audios else None,
            )
        )
    return compose_master(variants, alternates)


def _file(rendition: Rendition, base: Location, folder: Path) -> tuple[Upload, OutputReport]:
    source = folder / f"{rendition.local_name}.media"
    key = f"{base.key}{rendition.output.name_modifier}.{rendition.output.extension}"
    upload = Upload(location=Location(base.bucket, key), source=source)
    report = OutputReport(
        duration_ms=round((probe(source).duration_s or 0) * 1000),
        size_px=rendition.video.picture.framed if rendition.video else None,
        file_path=upload.location.uri,
    )
    return upload, report
