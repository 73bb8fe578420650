"""Which outputs a job really makes of this input, and how each is encoded: the specification meets the media."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from mediaconvert_emulator.errors import NoAudio, NoVideo
from mediaconvert_emulator.media import Media
from mediaconvert_emulator.sizing import Picture, display_size, fit, rotation_degrees
from mediaconvert_emulator.spec import AudioSpec, Group, HlsGroup, JobSpec, OutputSpec, VideoSpec

DEFAULT_GOP_S = 2.0

LEFT_OUT, WITHOUT_AUDIO = 900_001, 900_002
"""Codes of our warnings, where MediaConvert has none: it never leaves out an output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoEncode:
    """The video of one rendition."""

    spec: VideoSpec
    picture: Picture
    frame_rate: Fraction
    keyframe_interval_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One output that is made. `local_name` is safe in ffmpeg's templates and unique in the job."""

    local_name: str
    group_index: int
    output: OutputSpec
    video: VideoEncode | None
    audios: tuple[AudioSpec, ...]
    segment_s: float | None
    """None for a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something about the outputs that whoever made the job may not expect; a job has one of a code at most."""

    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All renditions of a job, and what was left out."""

    renditions: tuple[Rendition, ...]
    turned_degrees: int
    notes: tuple[Note, ...]


def plan_renditions(spec: JobSpec, media: Media) -> Plan:
    """The renditions of a job.

    An output larger than the input gets the input's size; of those that come out equal in their group only the one
    meant to be smallest is made. So a 640x360 input gets 360p alone of a 1080p, 720p, 360p template, and an 854x480
    one gets 480p (under the name of the 720p) and 360p. There is always at least one.

    Raises:
        NoVideo: an output wants video, and there is none.
        NoAudio: an output is only audio, and there is none.
    """
    turned = rotation_degrees(spec.input, media.video) if media.video else 0
    renditions: list[Rendition] = []
    left_out: list[str] = []
    for index, group in enumerate(spec.groups):
        made = [
            _rendition(output, group, (index, number), media, turned) for number, output in enumerate(group.outputs)
        ]
        kept = _drop_equals(made)
        left_out += [f"{index}.{number}" for number, rendition in enumerate(made) if rendition not in kept]
        renditions += kept
    notes: list[Note] = []
    if left_out:
        text = f"Outputs (group.output) left out, being others' equals at the input's size: {', '.join(left_out)}"
        notes.append(Note(code=LEFT_OUT, text=text))
    wants_audio = any(rendition.output.audios for rendition in renditions)
    if wants_audio and not media.audios:
        notes.append(Note(code=WITHOUT_AUDIO, text="The input has no audio: its outputs have none"))
    return Plan(renditions=tuple(renditions), turned_degrees=turned, notes=tuple(notes))


def has_known_percentage(spec: JobSpec) -> bool:
    """Whether MediaConvert tells the percentage of such a job: not where an output is audio only."""
    return all(output.video for group in spec.groups for output in group.outputs)


def _rendition(output: OutputSpec, group: Group, place: tuple[int, int], media: Media, turned: int) -> Rendition:
    if output.video and not media.video:
        raise NoVideo("No video stream found in the input for an output with video")
    if not output.video and not media.audios:
        raise NoAudio("No audio stream found in the input for an output of audio only")
    gop_s = (output.video.gop_s if output.video else None) or DEFAULT_GOP_S
    segment_s = segment_length_s(group, gop_s) if isinstance(group, HlsGroup) else None
    video = None
    if output.video and media.video:
        video = VideoEncode(
            spec=output.video,
            picture=fit(output.video, display_size(media.video, turned)),
            frame_rate=output.video.frame_rate or media.video.frame_rate,
            keyframe_interval_s=segment_s / ceil(segment_s / gop_s) if segment_s else gop_s,
        )
    last_track = len(media.audios) - 1
    audios = output.audios if media.audios else ()
    return Rendition(
        local_name=f"{place[0]}-{place[1]}",
        group_index=place[0],
        output=output,
        video=video,
        audios=tuple(replace(audio, track_index=min(audio.track_index, last_track)) for audio in audios),
        segment_s=segment_s,
    )


def segment_length_s(group: HlsGroup, gop_s: float) -> float:
    """Seconds of a segment: as asked, or rounded up to whole groups of pictures where the job says GOP_MULTIPLE."""
    if group.is_segment_exact:
        return group.segment_s
    return ceil(round(group.segment_s / gop_s, 6)) * gop_s


def _drop_equals(renditions: list[Rendition]) -> list[Rendition]:
    """The renditions without those that the input's size made equal to one meant to be smaller."""
    smallest_target: dict[tuple[int, int], int] = {}
    for rendition in renditions:
        if rendition.video:
            framed, target = rendition.video.picture.framed, _target(rendition)
            smallest_target[framed] = min(target, smallest_target.get(framed, target))
    return [r for r in renditions if not r.video or _target(r) == smallest_target[r.video.picture.framed]]


def _target(rendition: Rendition) -> int:
    """The size that an output was meant to have; outputs that name none are all alike."""
    video = rendition.output.video
    return (video.height_px or video.width_px or 0) if video else 0
