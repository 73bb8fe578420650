"""The parsed form of a job's input: its parts, its sound and its captions."""

from dataclasses import dataclass, field
from typing import Literal

from mediaconvert_emulator.clippings import Clipping


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """A part of a picture, in pixels from its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    def __str__(self) -> str:
        """Return the rectangle as MediaConvert's messages have it."""
        return f"[{self.width},{self.height},{self.x},{self.y}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionSource:
    """The captions that a selector of an input names: a file beside the input, or a track of the input."""

    kind: Literal["SRT", "TTML", "WEBVTT", "EMBEDDED"]
    uri: str | None = None
    """None for a track of the input."""
    track_index: int | None = None
    """The track of captions, from 0; None for the captions in the pictures, or else the first track."""
    delta_ms: int = 0
    """Is added to all times of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remix:
    """A remix of channels: for each channel of the result, the gains of the source's channels in decibels."""

    gains_db: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSource:
    """The sound that a selector of an input names: tracks of the input or of a file beside it, or silence."""

    uri: str | None = None
    """None for a track of the input."""
    track_index: int | None = 0
    """The audio track, from 0; None for silence."""
    number: int = 1
    """The place of the selector, from 1."""
    is_track_required: bool = False
    """True if the selector names the number of the track."""
    offset_ms: int = 0
    """The sound begins this much later than the picture, or earlier."""
    remix: Remix | None = None
    joined: tuple["AudioSource", ...] = ()
    """The parts of a source whose channels are those of its parts, one after another; it has no track itself."""

    @property
    def tracks(self) -> tuple["AudioSource", ...]:
        """The parts that are one track each; silence has none."""
        if self.joined:
            return tuple(track for part in self.joined for track in part.tracks)
        return () if self.track_index is None else (self,)


SILENCE = AudioSource(track_index=None)
FIRST_TRACK = AudioSource()


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """The job's only input."""

    uri: str
    rotate: Literal["AUTO", "DEGREE_0", "DEGREES_90", "DEGREES_180", "DEGREES_270"]
    audio_sources: dict[str, AudioSource]
    """By the name of the selector, or of the group of one selector."""
    default_audio_selector: str | None = None
    """The selector that replaces a missing one."""
    clippings: tuple[Clipping, ...] = ()
    """The parts of the input that the outputs contain; none means all of it."""
    crop: Rectangle | None = None
    """The part of the picture that the outputs contain."""
    position: Rectangle | None = None
    """The part of each output that the picture fills."""
    captions: dict[str, CaptionSource] = field(default_factory=dict)
    """By the name of the selector."""
