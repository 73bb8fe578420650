"""One captions output of an HLS or CMAF group: segments of WebVTT, and their playlist. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from mediaconvert_emulator.captions import CaptionTrack, clipped, large_segments, styled, webvtt_segments
from mediaconvert_emulator.dash_manifest import DashSegments, Representation
from mediaconvert_emulator.input_spec import CaptionSource
from mediaconvert_emulator.media_playlist import media_playlist
from mediaconvert_emulator.naming import S3Location
from mediaconvert_emulator.output_report import OutputFile, OutputReport
from mediaconvert_emulator.renditions import Rendition, RenditionPlan
from mediaconvert_emulator.segments import Segment, measure_bandwidth, target_duration_s
from mediaconvert_emulator.spec import CaptionSpec, HlsGroup, SegmentedGroup
from mediaconvert_emulator.stream_output import StreamOutput

LARGE_SEGMENT_S = 300.0
TICKS_PER_S = 90_000
MILLISECONDS = 1000

Captions = Mapping[CaptionSource, CaptionTrack]
"""The captions of a job's input, by their source."""


@dataclass(frozen=True)
class CaptionOutput:
    """The captions of one rendition. Its segments and their timestamps follow the first video of the group."""

    rendition: Rendition
    caption: CaptionSpec
    base: S3Location
    track: CaptionTrack
    video: StreamOutput
    group: HlsGroup | SegmentedGroup
    version: int

    @property
    def location(self) -> S3Location:
        """The location of the media playlist."""
        return S3Location(self.base.bucket, f"{self.base.key}{self.rendition.output.name_modifier}.m3u8")

    @property
    def playlist_name(self) -> str:
        """The name of the media playlist."""
        return self.location.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The start of the segments' names."""
        return self.playlist_name.removesuffix(".m3u8") + self.rendition.output.segment_modifier

    @property
    def digits(self) -> int:
        """The number of digits in the segments' names."""
        return 5 if isinstance(self.group, HlsGroup) else 9

    @cached_property
    def lengths_s(self) -> tuple[float, ...]:
        """The lengths of the segments."""
        lengths = tuple(segment.duration_s for segment in self.video.segments)
        if isinstance(self.group, HlsGroup) and self.group.has_caption_segments_of_video:
            return lengths
        return large_segments(sum(lengths), LARGE_SEGMENT_S)

    @cached_property
    def texts(self) -> list[str]:
        """The text of each segment."""
        mpegts = round(self.video.written.video_start_s * TICKS_PER_S)
        return webvtt_segments(styled(self.track, self.caption.style), self.lengths_s, mpegts=mpegts)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments with their names in S3."""
        return tuple(
            Segment(name=f"{self.stem}_{number:0{self.digits}d}.vtt", duration_s=length, size_bytes=len(text.encode()))
            for number, (length, text) in enumerate(zip(self.lengths_s, self.texts, strict=True), start=1)
        )

    def files(self) -> Iterator[OutputFile]:
        """Yield the segments as files to upload."""
        for segment, text in zip(self.segments, self.texts, strict=True):
            yield OutputFile(location=self.location.sibling(segment.name), source=text)

    def playlists(self) -> Iterator[OutputFile]:
        """Yield the media playlist. As on AWS, its target duration is that of the video."""
        options = self.group.playlist
        target_s = target_duration_s(self.video.segments, is_rounded=options.is_target_rounded)
        text = media_playlist(self.segments, replace(options, target_s=target_s), version=self.version)
        yield self.video.text_file(self.location, text)

    def representation(self) -> Representation:
        """Return the captions' part of the DASH manifest."""
        return Representation(
            codecs="",
            bandwidth_bps=measure_bandwidth(self.segments).average_bps,
            timescale=MILLISECONDS,
            duration_s=sum(self.lengths_s),
            media=DashSegments(
                header_name=None,
                media_name=f"{self.stem}_$Number%0{self.digits}d$.vtt",
                durations_s=self.lengths_s,
                nominal_s=LARGE_SEGMENT_S,
            ),
            language=self.caption.language,
            text_role="caption" if self.caption.is_accessible else "subtitle",
        )

    def report(self) -> OutputReport:
        """Return the output's result: as on AWS, it has a path in HLS only, and no duration."""
        path = self.location.uri if isinstance(self.group, HlsGroup) else None
        return OutputReport(duration_ms=0, size_px=None, file_path=path, media_bytes=None)


def caption_outputs(
    outputs: Sequence[StreamOutput],
    plan: RenditionPlan,
    captions: Captions,
    group: tuple[int, HlsGroup | SegmentedGroup],
    *,
    version: int,
) -> list[CaptionOutput]:
    """Return the captions of a group.

    Args:
        outputs: The other outputs of the group.
        plan: The job's renditions.
        captions: The captions of the input.
        group: The index of the group, and the group.
        version: The version of HLS.
    """
    index, settings = group
    video = next((output for output in outputs if output.rendition.video), None)
    if video is None:
        return []
    return [
        CaptionOutput(
            rendition=rendition,
            caption=rendition.output.caption,
            base=video.base,
            track=clipped(captions[rendition.output.caption.source], plan.spans)
            if plan.is_clipped
            else captions[rendition.output.caption.source],
            video=video,
            group=settings,
            version=version,
        )
        for rendition in plan.of_group(index)
        if rendition.output.caption
    ]
