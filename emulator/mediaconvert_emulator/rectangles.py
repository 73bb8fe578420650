"""Parses MediaConvert's rectangles, and places pictures in them. Pure.

A crop is in pixels of the input, after its rotation. A position is in pixels of the output.
"""

from dataclasses import dataclass

from mediaconvert_emulator.errors import SettingsUnusable
from mediaconvert_emulator.input_spec import InputSpec, Rectangle
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.media import VideoStream
from mediaconvert_emulator.sizing import QUARTER_TURN_DEGREES, PictureSize, display_size, fit_picture, frame_size
from mediaconvert_emulator.spec import VideoSpec


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """The picture of a job's input, and its clockwise rotation."""

    input: InputSpec
    video: VideoStream
    rotation_degrees: int

    @property
    def size_px(self) -> tuple[int, int]:
        """The size after the rotation, in stored pixels."""
        width, height = self.video.width_px, self.video.height_px
        return (height, width) if self.rotation_degrees % 180 == QUARTER_TURN_DEGREES else (width, height)


def parse_rectangle(settings: JsonObject | None) -> Rectangle | None:
    """Return a rectangle; None if there is none. Its members are required by a rule of MediaConvert."""
    if not settings:
        return None
    x, y, width, height = (settings.get(name) or 0 for name in ("x", "y", "width", "height"))
    return Rectangle(x=x, y=y, width=width, height=height)


def placed_picture(spec: VideoSpec, source: SourcePicture, number: int) -> PictureSize:
    """Return the picture of an output. As on AWS, the rectangles of the input override those of the output.

    A position has no scaling behaviour: the picture fills the rectangle, also if it becomes larger.

    Args:
        spec: The output's video.
        source: The input's picture.
        number: The number of the video in the job, from 1, for error messages.

    Raises:
        SettingsUnusable: A rectangle is not inside its picture.
    """
    crop, position = source.input.crop or spec.crop, source.input.position or spec.position
    width, height = display_size(source.video, source.rotation_degrees)
    if crop:
        _check(crop, source.size_px, f"Crop rectangle {crop} lies outside input resolution", number)
        stored_width, stored_height = source.size_px
        width, height = width * crop.width / stored_width, height * crop.height / stored_height
    if not position:
        return fit_picture(spec, (width, height), crop=crop)
    framed = frame_size(spec, (width, height))
    _check(position, framed, f"Position rectangle {position} lies outside output resolution", number)
    return PictureSize(scaled=(position.width, position.height), framed=framed, crop=crop, position=position)


def _check(rectangle: Rectangle, size_px: tuple[int, int], text: str, number: int) -> None:
    width, height = size_px
    if rectangle.x + rectangle.width > width or rectangle.y + rectangle.height > height:
        raise SettingsUnusable(f"{text} [{width}x{height}] for video_description [{number}].")
