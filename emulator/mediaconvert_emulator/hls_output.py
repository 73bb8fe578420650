"""One output of an HLS group: its segments and its playlists."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import accumulate, pairwise

from mediaconvert_emulator.media_playlist import KEY_FORMAT_VERSION, RANGES_VERSION, TS_VERSION, media_playlist
from mediaconvert_emulator.naming import segment_suffix
from mediaconvert_emulator.output_report import OutputFile, OutputReport
from mediaconvert_emulator.program_date import with_dates
from mediaconvert_emulator.segments import ByteRange, Segment, duration_ms, parse_segments
from mediaconvert_emulator.spec import HlsGroup
from mediaconvert_emulator.stream_output import StreamOutput
from mediaconvert_emulator.transport_stream import keyframes


@dataclass(frozen=True)
class HlsOutput(StreamOutput):
    """An output of MPEG-TS segments, which ffmpeg wrote with a playlist of its own."""

    group: HlsGroup
    first_date: datetime | None = None

    @cached_property
    def local_segments(self) -> tuple[Segment, ...]:
        """The segments with their names and sizes in the job's folder."""
        segments = parse_segments((self.folder / f"{self.rendition.local_name}.m3u8").read_text())
        return tuple(replace(each, size_bytes=(self.folder / each.name).stat().st_size) for each in segments)

    @property
    def stem(self) -> str:
        """The names of the files in S3 without their ends."""
        return self.location.key.rpartition("/")[2].removesuffix(".m3u8")

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The segments with their names in S3, and with their places in a single file."""
        offsets = accumulate((each.size_bytes for each in self.local_segments), initial=0)
        segments = tuple(
            replace(
                each,
                name=self._name(number),
                byte_range=ByteRange(offset=offset, size=each.size_bytes) if self.group.layout.is_single_file else None,
            )
            for number, (each, offset) in enumerate(zip(self.local_segments, offsets, strict=False))
        )
        program = self.group.program_date
        return with_dates(segments, self.first_date, program.period_s) if program and self.first_date else segments

    def _name(self, number: int) -> str:
        """Return the name of a segment, counted from 0, or of the single file; it begins with the output's folder."""
        layout = self.group.layout
        folder = f"{self.stem}/" if layout.has_folder else ""
        if layout.is_single_file:
            return f"{folder}{self.stem}{self.rendition.output.segment_modifier}.ts"
        if layout.segments_per_folder:
            folder += f"{number // layout.segments_per_folder + 1:05d}/"
        return f"{folder}{self.stem}{self.rendition.output.segment_modifier}{segment_suffix(number + 1)}"

    @cached_property
    def keyframes(self) -> tuple[Segment, ...]:
        """The keyframes as parts of the segments; each lasts to the next one."""
        if not self.rendition.output.has_keyframe_playlist or not self.rendition.video:
            return ()
        found: list[tuple[float, Segment]] = []
        for local, published in zip(self.local_segments, self.segments, strict=True):
            first = published.byte_range.offset if published.byte_range else 0
            found += [
                (
                    frame.time_s,
                    Segment(
                        name=published.name,
                        duration_s=0,
                        size_bytes=frame.size_bytes,
                        byte_range=ByteRange(offset=first + frame.offset, size=frame.size_bytes),
                    ),
                )
                for frame in keyframes((self.folder / local.name).read_bytes())
            ]
        if not found:
            return ()
        end_s = found[0][0] + sum(segment.duration_s for segment in self.segments)
        times = [*(time_s for time_s, _ in found), end_s]
        return tuple(
            replace(segment, duration_s=end - start)
            for (_, segment), (start, end) in zip(found, pairwise(times), strict=True)
        )

    def files(self) -> Iterator[OutputFile]:
        """Yield the segments as files to upload; a single file is written into the job's folder."""
        if self.group.layout.is_single_file:
            path = self.folder / f"{self.rendition.local_name}.ts"
            with path.open("wb") as target:
                for local in self.local_segments:
                    with (self.folder / local.name).open("rb") as source:
                        shutil.copyfileobj(source, target)
            yield OutputFile(location=self.location.sibling(self._name(0)), source=path)
            return
        for local, published in zip(self.local_segments, self.segments, strict=True):
            yield OutputFile(location=self.location.sibling(published.name), source=self.folder / local.name)

    def playlists(self) -> Iterator[OutputFile]:
        """Yield the media playlist and the playlist of the keyframes."""
        yield self.text_file(
            self.location,
            media_playlist(
                self.segments, self.group.playlist, version=hls_version(self.group), encryption=self.group.encryption
            ),
        )
        if self.keyframes:
            text = media_playlist(self.keyframes, self.group.playlist, version=RANGES_VERSION, is_of_keyframes=True)
            yield self.text_file(self.keyframes_location, text)

    def report(self) -> OutputReport:
        """Return the output's result."""
        video = self.rendition.video
        return OutputReport(
            duration_ms=duration_ms(self.segments),
            size_px=video.picture.framed if video else None,
            file_path=self.location.uri if video and self.group.has_manifests else None,
            media_bytes=sum(segment.size_bytes for segment in self.segments),
        )


def hls_version(group: HlsGroup) -> int:
    """Return the least version of HLS that has a group's tags (RFC 8216, section 7)."""
    if group.encryption and (group.encryption.key_format or group.encryption.key_format_versions):
        return KEY_FORMAT_VERSION
    has_ranges = group.layout.is_single_file or any(output.has_keyframe_playlist for output in group.outputs)
    return RANGES_VERSION if has_ranges else TS_VERSION
