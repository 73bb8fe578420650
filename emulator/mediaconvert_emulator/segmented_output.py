"""One output of a CMAF or DASH group: the segments of fragmented MP4, or one file that contains them."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from mediaconvert_emulator.dash_manifest import DashIndex, DashSegments, ManifestOptions, Representation, start_times
from mediaconvert_emulator.fragments import FragmentedFile, Part, read_fragments, segment_index, segments_of
from mediaconvert_emulator.media_playlist import MP4_VERSION, media_playlist
from mediaconvert_emulator.naming import S3Location
from mediaconvert_emulator.output_report import OutputFile, OutputReport
from mediaconvert_emulator.segments import ByteRange, Header, Segment, duration_ms, measure_bandwidth
from mediaconvert_emulator.spec import SegmentedGroup
from mediaconvert_emulator.stream_output import StreamOutput

NUMBER, TIME, NINE_DIGITS = "$Number$", "$Time$", "$Number%09d$"
"""Identifiers of DASH in the names of segments: the first two if the name modifier contains them, else the last one."""


@dataclass(frozen=True)
class SegmentedOutput(StreamOutput):
    """An output whose fragments ffmpeg wrote into one file."""

    group: SegmentedGroup

    @property
    def source(self) -> Path:
        """The file that ffmpeg wrote."""
        return self.folder / f"{self.rendition.local_name}.media"

    @cached_property
    def file(self) -> FragmentedFile:
        """The fragments of the file."""
        return read_fragments(self.source)

    @cached_property
    def parts(self) -> list[Part]:
        """The segments as parts of the file."""
        return segments_of(self.file.fragments, self.rendition.segment_s or self.group.segment_s)

    @cached_property
    def index(self) -> bytes:
        """The segment index, which only a single file has."""
        return segment_index(self.parts, self.file.timescale)

    @property
    def stem(self) -> str:
        """The name of the files in S3 without the end that makes them different."""
        return f"{self.base.key}{self.rendition.output.name_modifier}".rpartition("/")[2]

    @property
    def extension(self) -> str:
        """The end of the files' names."""
        return self.rendition.output.extension

    @property
    def identifier(self) -> str:
        """The identifier with which the DASH manifest names the segments."""
        return next((each for each in (NUMBER, TIME) if each in self.stem), NINE_DIGITS)

    @property
    def media_name(self) -> str:
        """The name of the segments with the identifier."""
        return f"{self.stem if self.identifier in self.stem else f'{self.stem}_{NINE_DIGITS}'}.{self.extension}"

    @property
    def single_name(self) -> str:
        """The name of the single file: identifiers have the values of the first segment."""
        return f"{self.stem.replace(NUMBER, '1').replace(TIME, '0')}.{self.extension}"

    @property
    def header(self) -> Header:
        """The file or the bytes with the header."""
        if self.group.is_single_file:
            return Header(name=self.single_name, byte_range=ByteRange(offset=0, size=self.file.header_bytes))
        return Header(name=f"{self.stem.replace(TIME, '')}init.{self.extension}")

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The segments with their names in S3, and with their places in a single file."""
        first = self.file.header_bytes + len(self.index)
        offsets = accumulate((part.size_bytes for part in self.parts), initial=first)
        times = start_times([part.duration_s for part in self.parts], self.file.timescale)
        return tuple(
            Segment(
                name=self.single_name if self.group.is_single_file else self._segment_name(number, time),
                duration_s=part.duration_s,
                size_bytes=part.size_bytes,
                byte_range=ByteRange(offset=offset, size=part.size_bytes) if self.group.is_single_file else None,
            )
            for number, (part, offset, time) in enumerate(zip(self.parts, offsets, times, strict=False), start=1)
        )

    def _segment_name(self, number: int, time: int) -> str:
        values = {NUMBER: str(number), TIME: str(time), NINE_DIGITS: f"{number:09d}"}
        return self.media_name.replace(self.identifier, values[self.identifier])

    def write(self) -> tuple[OutputFile, ...]:
        """Write the files into the job's folder; return them as files to upload."""
        with self.source.open("rb") as source:
            header = source.read(self.file.header_bytes)
            if self.group.is_single_file:
                path = self.folder / f"{self.rendition.local_name}.single"
                with path.open("wb") as target:
                    target.write(header + self.index)
                    source.seek(self.parts[0].offset)
                    shutil.copyfileobj(source, target)
                return (self._file(self.single_name, path),)
            files = [self._file(self.header.name, self._copy("init", header))]
            for number, (part, segment) in enumerate(zip(self.parts, self.segments, strict=True), start=1):
                source.seek(part.offset)
                files.append(self._file(segment.name, self._copy(str(number), source.read(part.size_bytes))))
        return tuple(files)

    def _copy(self, name: str, content: bytes) -> Path:
        path = self.folder / f"{self.rendition.local_name}.{name}"
        path.write_bytes(content)
        return path

    def _file(self, name: str, path: Path) -> OutputFile:
        return OutputFile(location=self._location(name), source=path)

    def _location(self, name: str) -> S3Location:
        return self.location.sibling(name)

    def playlists(self) -> Iterator[OutputFile]:
        """Yield the media playlist of HLS and the playlist of the keyframes."""
        options = self.group.playlist
        text = media_playlist(self.segments, options, version=MP4_VERSION, header=self.header)
        yield self.text_file(self.location, text)
        if self.keyframes:
            text = media_playlist(
                self.keyframes, options, version=MP4_VERSION, header=self.header, is_of_keyframes=True
            )
            yield self.text_file(self.keyframes_location, text)

    @cached_property
    def keyframes(self) -> tuple[Segment, ...]:
        """The keyframes with which fragments begin, as parts of the segments.

        A keyframe within a fragment has no header of its own, so no playlist can name it.
        """
        if not self.rendition.output.has_keyframe_playlist or not self.rendition.video:
            return ()
        return tuple(self._keyframe(fragment) for fragment in self.file.fragments)

    def _keyframe(self, fragment: Part) -> Segment:
        part, segment = next(
            (part, segment)
            for part, segment in zip(self.parts, self.segments, strict=True)
            if part.offset <= fragment.offset < part.offset + part.size_bytes
        )
        first = segment.byte_range.offset if segment.byte_range else 0
        return Segment(
            name=segment.name,
            duration_s=fragment.duration_s,
            size_bytes=fragment.keyframe_bytes,
            byte_range=ByteRange(offset=first + fragment.offset - part.offset, size=fragment.keyframe_bytes),
        )

    def representation(self) -> Representation:
        """Return the output's part of the DASH manifest."""
        video, audio = self.rendition.video, next(iter(self.rendition.audios), None)
        bandwidth = measure_bandwidth(self.segments)
        return Representation(
            codecs=",".join(self.written.codecs),
            bandwidth_bps=bandwidth.peak_bps if self.group.has_peak_bandwidth else bandwidth.average_bps,
            timescale=self.file.timescale,
            duration_s=sum(part.duration_s for part in self.parts),
            media=self._dash_media(),
            size_px=video.picture.framed if video else None,
            frame_rate=video.frame_rate if video else None,
            channels=audio.channels if audio else None,
            sample_rate_hz=audio.sample_rate_hz if audio else None,
            language=self.language if audio else None,
        )

    def _dash_media(self) -> DashIndex | DashSegments:
        if self.group.is_single_file:
            return DashIndex(name=self.single_name, header_bytes=self.file.header_bytes, index_bytes=len(self.index))
        return DashSegments(
            header_name=self.header.name,
            media_name=self.media_name,
            identifier=self.identifier,
            durations_s=tuple(part.duration_s for part in self.parts),
            nominal_s=self.rendition.segment_s or self.group.segment_s,
        )

    def report(self) -> OutputReport:
        """Return the output's result; as on AWS, it names no file."""
        video = self.rendition.video
        return OutputReport(
            duration_ms=duration_ms(self.segments),
            size_px=video.picture.framed if video else None,
            file_path=None,
            media_bytes=sum(segment.size_bytes for segment in self.segments),
        )


def manifest_options(group: SegmentedGroup) -> ManifestOptions:
    """Return the settings of a group's DASH manifest."""
    return ManifestOptions(
        is_on_demand=group.is_on_demand,
        has_timeline=group.has_segment_timeline,
        min_buffer_s=group.min_buffer_s,
        base_url=group.base_url,
    )
