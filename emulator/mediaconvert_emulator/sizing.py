"""Computes the size of an output's picture. Pure."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from mediaconvert_emulator.input_spec import InputSpec, Rectangle
from mediaconvert_emulator.media import VideoStream
from mediaconvert_emulator.spec import VideoSpec

MIN_SIDE_PX = 2
ROTATIONS_DEGREES = {"DEGREE_0": 0, "DEGREES_90": 90, "DEGREES_180": 180, "DEGREES_270": 270}
QUARTER_TURN_DEGREES = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSize:
    """The part of the input, the size to scale it to, then the size to crop or pad to.

    The sizes are (width, height), even. Without a position, the scaled picture is in the middle of the frame.
    """

    scaled: tuple[int, int]
    framed: tuple[int, int]
    crop: Rectangle | None = None
    position: Rectangle | None = None


def applied_rotation_degrees(input_spec: InputSpec, video: VideoStream) -> int:
    """Return the clockwise rotation of the picture: the file's rotation only if the job says AUTO, as on AWS."""
    return video.rotation_degrees if input_spec.rotate == "AUTO" else ROTATIONS_DEGREES[input_spec.rotate]


def display_size(video: VideoStream, rotation_degrees: int) -> tuple[Fraction, Fraction]:
    """Return the width and height of the input with square pixels, after the rotation."""
    width, height = video.width_px * video.pixel_aspect, Fraction(video.height_px)
    return (height, width) if rotation_degrees % 180 == QUARTER_TURN_DEGREES else (width, height)


def fit_picture(
    spec: VideoSpec, input_size: tuple[Fraction, Fraction], *, crop: Rectangle | None = None
) -> PictureSize:
    """Return the picture size of an output; with a crop, `input_size` is the size of that part.

    The aspect ratio stays the same, except with STRETCH_TO_OUTPUT. The sides are even. The picture is never larger than
    the input; AWS does upscale, but on a laptop that would cost time without a benefit.
    """
    width, height = input_size
    aspect = width / height
    box_width = Fraction(spec.width_px or (spec.height_px or height) * aspect)
    box_height = Fraction(spec.height_px or box_width / aspect)
    scale = min(box_width / width, box_height / height)
    cover = max(box_width / width, box_height / height)
    shrink = min(1 / scale, Fraction(1)) if spec.scaling != "FILL" else min(1 / cover, Fraction(1))
    box = (box_width * shrink, box_height * shrink)
    match spec.scaling:
        case "STRETCH_TO_OUTPUT":
            return _picture(box, box, crop)
        case "FILL":
            return _picture((width * cover * shrink, height * cover * shrink), box, crop)
        case "FIT" | "FIT_NO_UPSCALE":
            fitted = (width * scale * shrink, height * scale * shrink)
            return _picture(fitted, fitted, crop)
        case "DEFAULT":
            return _picture((width * scale * shrink, height * scale * shrink), box, crop)


def frame_size(spec: VideoSpec, input_size: tuple[Fraction, Fraction]) -> tuple[int, int]:
    """Return the size of an output in which the picture has a position: exactly the specified one."""
    width, height = input_size
    box_width = Fraction(spec.width_px or (spec.height_px or height) * width / height)
    return _even((box_width, Fraction(spec.height_px or box_width * height / width)))


def _picture(
    scaled: tuple[Fraction, Fraction], framed: tuple[Fraction, Fraction], crop: Rectangle | None
) -> PictureSize:
    return PictureSize(scaled=_even(scaled), framed=_even(framed), crop=crop)


def _even(size: tuple[Fraction, Fraction]) -> tuple[int, int]:
    # The nearest even number; an odd number is rounded down, so that the picture is not larger than the input.
    width, height = (max(MIN_SIDE_PX, ceil(side / 2 - Fraction(1, 2)) * 2) for side in size)
    return width, height
