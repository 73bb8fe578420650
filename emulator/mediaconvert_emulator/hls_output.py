"""One output of an HLS group: its segments and its playlist."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from mediaconvert_emulator.naming import segment_suffix
from mediaconvert_emulator.output_report import OutputFile, OutputReport
from mediaconvert_emulator.playlists import TS_VERSION, Segment, duration_ms, media_playlist, parse_segments
from mediaconvert_emulator.spec import HlsGroup
from mediaconvert_emulator.stream_output import StreamOutput


@dataclass(frozen=True)
class HlsOutput(StreamOutput):
    """An output of MPEG-TS segments, which ffmpeg wrote with a playlist of its own."""

    group: HlsGroup

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
            version=TS_VERSION,
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
