"""One output of an HLS group: its segments, its playlist, its place in the master playlist."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from mediaconvert_emulator.media import Media, OutputMedia
from mediaconvert_emulator.naming import S3Location, segment_suffix
from mediaconvert_emulator.output_report import OutputFile, OutputReport
from mediaconvert_emulator.playlists import (
    AlternateAudio,
    Segment,
    Variant,
    duration_ms,
    master_playlist,
    measure_bandwidth,
    media_playlist,
    parse_segments,
)
from mediaconvert_emulator.renditions import Rendition
from mediaconvert_emulator.spec import HlsGroup

ONLY_AUDIO_NAME = "Alternate Audio"
NO_LANGUAGE = "UND"


@dataclass(frozen=True)
class HlsOutput:
    """The files of one rendition in the job's folder."""

    rendition: Rendition
    group: HlsGroup
    base: S3Location
    folder: Path
    written: OutputMedia

    @cached_property
    def local_segments(self) -> tuple[Segment, ...]:
        """The segments with their names and sizes in the job's folder."""
        segments = parse_segments((self.folder / f"{self.rendition.local_name}.m3u8").read_text())
        return tuple(replace(each, size_bytes=(self.folder / each.name).stat().st_size) for each in segments)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments with their names in S3."""
        stem = self.location.key.rpartition("/")[2].removesuffix(".m3u8") + self.rendition.output.segment_modifier
        return tuple(
            replace(each, name=stem + segment_suffix(number))
            for number, each in enumerate(self.local_segments, start=1)
        )

    @property
    def location(self) -> S3Location:
        """The location of the media playlist."""
        return S3Location(self.base.bucket, f"{self.base.key}{self.rendition.output.name_modifier}.m3u8")

    def files(self) -> Iterator[OutputFile]:
        """Yield the segments as files to upload."""
        for local, published in zip(self.local_segments, self.segments, strict=True):
            yield OutputFile(location=self.location.sibling(published.name), source=self.folder / local.name)

    def playlist(self) -> OutputFile:
        """Return the media playlist."""
        text = media_playlist(
            self.segments,
            encryption=self.group.encryption,
            has_integer_durations=self.group.has_integer_durations,
        )
        return OutputFile(location=self.location, source=text)

    def report(self) -> OutputReport:
        """Return the output's result."""
        video = self.rendition.video
        return OutputReport(
            duration_ms=duration_ms(self.segments),
            size_px=video.picture.framed if video else None,
            file_path=self.location.uri if video else None,
            media_bytes=sum(segment.size_bytes for segment in self.segments),
        )

    def variants(self) -> list[Variant]:
        """Return the output as variants of the master playlist: one for each audio group that plays with it."""
        is_silent = self.rendition.video is not None and not self.rendition.audios
        groups = self.rendition.output.audio_rendition_sets if is_silent else ()
        return [self._variant(group) for group in groups or (None,)]

    def _variant(self, audio_group_id: str | None) -> Variant:
        video = self.rendition.video
        return Variant(
            playlist_name=self.location.key.rpartition("/")[2],
            bandwidth=measure_bandwidth(self.segments),
            codecs=self.written.codecs,
            size_px=video.picture.framed if video else None,
            frame_rate=video.frame_rate if video else None,
            audio_group_id=audio_group_id,
        )

    def alternate_audio(self, media: Media, *, is_only: bool) -> AlternateAudio:
        """Return the output as alternate audio; only the audio without others in its group has the default name."""
        output = self.rendition.output
        language = media.audios[self.rendition.audios[0].track_index].language
        return AlternateAudio(
            playlist_name=self.location.key.rpartition("/")[2],
            group_id=output.audio_group_id,
            name=ONLY_AUDIO_NAME if is_only else output.name_modifier.strip("_-") or ONLY_AUDIO_NAME,
            language=language.lower() if language != NO_LANGUAGE else None,
            bandwidth=measure_bandwidth(self.segments),
            codecs=self.written.codecs,
            is_default=output.is_default_audio,
            is_autoselected=output.is_autoselected_audio,
        )


def master_of(outputs: Sequence[HlsOutput], media: Media) -> str:
    """Return the master playlist of a group's outputs."""
    has_video = any(output.rendition.video for output in outputs)
    alternates = [output for output in outputs if output.rendition.output.is_alternate_audio and has_video]
    groups = [output.rendition.output.audio_group_id for output in alternates]
    return master_playlist(
        [variant for output in outputs if output not in alternates for variant in output.variants()],
        [
            output.alternate_audio(media, is_only=groups.count(output.rendition.output.audio_group_id) == 1)
            for output in alternates
        ],
    )
