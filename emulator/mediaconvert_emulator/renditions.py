"""Decides which outputs of a job are made from its input, and how each is encoded. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from mediaconvert_emulator.audio_tracks import Sidecars, used_audio
from mediaconvert_emulator.clippings import Span, clip_spans
from mediaconvert_emulator.errors import ClippingNotFound
from mediaconvert_emulator.media import Media, VideoStream
from mediaconvert_emulator.missing_tracks import no_audio_error, no_video_error
from mediaconvert_emulator.rectangles import SourcePicture, placed_picture
from mediaconvert_emulator.sizing import PictureSize, applied_rotation_degrees
from mediaconvert_emulator.spec import (
    AudioSpec,
    FileGroup,
    FrameCapture,
    Group,
    JobSpec,
    OutputSpec,
    VideoSpec,
)
from mediaconvert_emulator.stream_lengths import stream_lengths

NO_SIDECARS = Sidecars()
DEFAULT_GOP_S = 2.0
TIME_RESOLUTION = 1_000_000

TRUNCATED_INPUT = 220_000
"""MediaConvert's own code."""
OUTPUTS_OMITTED, NO_AUDIO = 900_001, 900_002
"""Codes of the emulator's own warnings. MediaConvert has no such codes, because it never omits an output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoEncoding:
    """The video of one rendition."""

    spec: VideoSpec
    picture: PictureSize
    frame_rate: Fraction
    keyframe_interval_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One output to make. `local_name` is unique in the job, and safe in ffmpeg's file name templates."""

    local_name: str
    group_index: int
    output: OutputSpec
    video: VideoEncoding | None
    audios: tuple[AudioSpec, ...]
    segment_s: float | None
    """None for a file."""
    fragment_s: float | None = None
    """The length of the fragments of MP4; None for other outputs."""

    @property
    def output_index(self) -> int:
        """The place of the output in its group."""
        return int(self.local_name.partition("-")[2])

    @property
    def capture(self) -> FrameCapture | None:
        """The frame capture; None for a video and for audio."""
        return self.video.spec.capture if self.video else None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWarning:
    """A warning about a job's outputs; a job has at most one warning of each code."""

    code: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionPlan:
    """All renditions of a job, the clockwise rotation of their pictures, the warnings, and their input."""

    renditions: tuple[Rendition, ...]
    rotation_degrees: int
    warnings: tuple[JobWarning, ...]
    media: Media
    sidecars: Sidecars
    spans: tuple[Span, ...]
    """The parts of the input that the outputs contain, in order; none if the input's length is unknown."""
    is_clipped: bool

    @property
    def encoded(self) -> list[Rendition]:
        """The renditions that ffmpeg makes: all but captions."""
        return [rendition for rendition in self.renditions if not rendition.output.caption]

    def of_group(self, index: int) -> list[Rendition]:
        """Return the renditions of one output group."""
        return [rendition for rendition in self.renditions if rendition.group_index == index]

    @property
    def duration_s(self) -> float | None:
        """The length of the outputs; None if it is unknown."""
        return float(sum(span.length_s for span in self.spans)) if self.spans else None


def plan_renditions(spec: JobSpec, media: Media, sidecars: Sidecars = NO_SIDECARS) -> RenditionPlan:
    """Return the renditions of a job.

    An output larger than the input gets the input's size. If outputs of a stream get the same size, only the output
    with the smallest specified size is made. For a template with 1080p, 720p and 360p, a 640x360 input gives 360p only,
    and an 854x480 input gives 480p (with the name of the 720p output) and 360p. There is always at least one rendition.
    All outputs of a file group are made, because each is a file of its own.

    Raises:
        NoVideo: An output has video, but the input has none. The errors are others if it has one that is unusable.
        NoAudio: An output is audio only, but the input has no audio, or only unusable audio.
        ClippingNotFound: A clip is not in the input.
    """
    rotation = applied_rotation_degrees(spec.input, media.video) if media.video else 0
    job_input = _JobInput(spec, media, sidecars, rotation)
    renditions: list[Rendition] = []
    omitted: list[str] = []
    for index, group in enumerate(spec.groups):
        candidates = [
            _rendition(output, group, (index, number), job_input) for number, output in enumerate(group.outputs)
        ]
        kept = candidates if isinstance(group, FileGroup) else _drop_equal_sizes(candidates)
        omitted += [f"{index}.{number}" for number, candidate in enumerate(candidates) if candidate not in kept]
        renditions += kept
    return RenditionPlan(
        renditions=tuple(renditions),
        rotation_degrees=rotation,
        warnings=tuple(_warnings(renditions, omitted, media)),
        media=media,
        sidecars=sidecars,
        spans=_spans(spec, media),
        is_clipped=bool(spec.input.clippings),
    )


def has_known_percentage(spec: JobSpec) -> bool:
    """Return whether MediaConvert reports a percentage for this job: not if an output is audio only."""
    return all(output.video or output.caption for group in spec.groups for output in group.outputs)


def _warnings(renditions: list[Rendition], omitted: list[str], media: Media) -> Iterator[JobWarning]:
    if media.is_truncated:
        yield JobWarning(code=TRUNCATED_INPUT, message="The input ends before the end that its index names")
    if omitted:
        reason = "smaller outputs have the input's size already"
        message = f"Outputs (group.output) left out, because {reason}: {', '.join(omitted)}"
        yield JobWarning(code=OUTPUTS_OMITTED, message=message)
    audios = [audio for rendition in renditions for audio in rendition.output.audios]
    needs_audio = any(track.uri is None for audio in audios for track in audio.source.tracks)
    if needs_audio and not any(audio.fault is None for audio in media.audios):
        reason = "no audio that can be decoded" if media.audios else "no audio"
        yield JobWarning(code=NO_AUDIO, message=f"The input has {reason}, so the outputs have none")


def _spans(spec: JobSpec, media: Media) -> tuple[Span, ...]:
    if media.duration_s is None:
        if spec.input.clippings:
            raise ClippingNotFound("The input has no timecodes for the clipping in input number [1]")
        return ()
    return clip_spans(
        spec.input.clippings,
        length_s=Fraction(media.duration_s).limit_denominator(TIME_RESOLUTION),
        frame_rate=media.video.frame_rate if media.video else None,
    )


@dataclass(frozen=True, slots=True)
class _JobInput:
    spec: JobSpec
    media: Media
    sidecars: Sidecars
    rotation_degrees: int


def _rendition(output: OutputSpec, group: Group, indexes: tuple[int, int], job_input: _JobInput) -> Rendition:
    media = job_input.media
    if output.video and not media.video:
        raise no_video_error(media)
    audios = [used_audio(audio, media, job_input.sidecars) for audio in output.audios]
    if output.audios and not output.video and not any(audios):
        raise no_audio_error(media)
    gop_s = _gop_s(output.video, media.video)
    lengths = stream_lengths(group, gop_s)
    video = None
    if output.video and media.video:
        video = VideoEncoding(
            spec=output.video,
            picture=placed_picture(
                output.video,
                SourcePicture(job_input.spec.input, media.video, job_input.rotation_degrees),
                _video_number(job_input.spec, indexes),
            ),
            frame_rate=output.video.frame_rate or media.video.frame_rate,
            keyframe_interval_s=lengths.keyframe_interval_s,
        )
    group_index, output_index = indexes
    return Rendition(
        local_name=f"{group_index}-{output_index}",
        group_index=group_index,
        output=output,
        video=video,
        audios=tuple(audio for audio in audios if audio),
        segment_s=lengths.segment_s,
        fragment_s=lengths.fragment_s,
    )


def _video_number(spec: JobSpec, indexes: tuple[int, int]) -> int:
    """Return the number of an output's video in the job, from 1."""
    videos = [(g, n) for g, group in enumerate(spec.groups) for n, each in enumerate(group.outputs) if each.video]
    return videos.index(indexes) + 1


def _gop_s(spec: VideoSpec | None, source: VideoStream | None) -> float:
    if spec and spec.gop_frames and source:
        return spec.gop_frames / float(source.frame_rate)
    return (spec.gop_s if spec else None) or DEFAULT_GOP_S


def _drop_equal_sizes(renditions: list[Rendition]) -> list[Rendition]:
    """Keep, of renditions with the same picture size, those with the smallest specified size."""
    smallest: dict[PictureSize, int] = {}
    for rendition in renditions:
        if rendition.video:
            picture, specified = _without_scale(rendition.video.picture), _specified_size_px(rendition)
            smallest[picture] = min(specified, smallest.get(picture, specified))
    return [r for r in renditions if not r.video or _specified_size_px(r) == smallest[_without_scale(r.video.picture)]]


def _without_scale(picture: PictureSize) -> PictureSize:
    """Return a picture that is the same for outputs with the same frame, part of the input and position."""
    return replace(picture, scaled=picture.framed)


def _specified_size_px(rendition: Rendition) -> int:
    """Return the height or width that the job specifies; 0 if it specifies none."""
    video = rendition.output.video
    return (video.height_px or video.width_px or 0) if video else 0
