"""How large an output's picture is."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from mediaconvert_emulator.media import VideoStream
from mediaconvert_emulator.spec import InputSpec, VideoSpec

SMALLEST_PX = 2
TURNS = {"DEGREE_0": 0, "DEGREES_90": 90, "DEGREES_180": 180, "DEGREES_270": 270}
QUARTER_TURN = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Scale to `scaled`, then crop or pad to `framed`; both are (width, height), even."""

    scaled: tuple[int, int]
    framed: tuple[int, int]


def rotation_degrees(source: InputSpec, video: VideoStream) -> int:
    """How far the picture is turned clockwise: as the input says only where the job says AUTO, as on AWS."""
    return video.rotation_degrees if source.rotate == "AUTO" else TURNS[source.rotate]


def display_size(video: VideoStream, turned_degrees: int) -> tuple[Fraction, Fraction]:
    """Width and height of the input with square pixels, turned."""
    width, height = video.width_px * video.pixel_aspect, Fraction(video.height_px)
    return (height, width) if turned_degrees % 180 == QUARTER_TURN else (width, height)


def fit(spec: VideoSpec, source: tuple[Fraction, Fraction]) -> Picture:
    """The picture of an output.

    Its aspect ratio is kept (but for STRETCH_TO_OUTPUT), its sides are even, and it is never larger than the input,
    which is where this emulator leaves AWS: upscaling costs a laptop time for nothing.
    """
    width, height = source
    aspect = width / height
    box_width = Fraction(spec.width_px or (spec.height_px or height) * aspect)
    box_height = Fraction(spec.height_px or box_width / aspect)
    scale = min(box_width / width, box_height / height)
    cover = max(box_width / width, box_height / height)
    shrink = min(1 / scale, Fraction(1)) if spec.scaling != "FILL" else min(1 / cover, Fraction(1))
    box = (box_width * shrink, box_height * shrink)
    match spec.scaling:
        case "STRETCH_TO_OUTPUT":
            return _picture(box, box)
        case "FILL":
            return _picture((width * cover * shrink, height * cover * shrink), box)
        case "FIT" | "FIT_NO_UPSCALE":
            return _picture(*[(width * scale * shrink, height * scale * shrink)] * 2)
        case "DEFAULT":
            return _picture((width * scale * shrink, height * scale * shrink), box)


def _picture(scaled: tuple[Fraction, Fraction], framed: tuple[Fraction, Fraction]) -> Picture:
    return Picture(scaled=_even(scaled), framed=_even(framed))


def _even(size: tuple[Fraction, Fraction]) -> tuple[int, int]:
    # The nearest even number, of an odd side the lower: no larger than the input.
    width, height = (max(SMALLEST_PX, ceil(side / 2 - Fraction(1, 2)) * 2) for side in size)
    return width, height
