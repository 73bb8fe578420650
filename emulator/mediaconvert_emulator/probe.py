"""Reads the properties of a media file with PyAV. Blocking: call it in a thread."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error

from mediaconvert_emulator.errors import CodecUnsupported, InputUnreadable
from mediaconvert_emulator.media import AudioStream, Media, VideoStream

# Media containers only. Without this list ffmpeg would decode a text file as the video of a terminal, and would open
# every file and address that an uploaded playlist names.
CONTAINERS = (
    "aac,ac3,aiff,asf,avi,dv,eac3,flac,flv,gif,h264,hevc,ivf,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,"
    "mp3,mpeg,mpegts,mpegvideo,mxf,ogg,wav"
)
DEFAULT_FRAME_RATE = Fraction(25)
MAX_FRAME_RATE = 120
STANDARD_FRAME_RATES = (
    tuple(Fraction(n, d) for n in (24, 30, 60, 120) for d in (1, 1001) if d == 1)
    + tuple(Fraction(n, 1001) for n in (24_000, 30_000, 60_000, 120_000))
    + (Fraction(25), Fraction(50))
)
FRAME_RATE_TOLERANCE = Fraction(1, 2000)


def probe(path: Path) -> Media:
    """Return the properties of the file at `path`.

    Raises:
        InputUnreadable: The file is not a media file, or is broken; the message contains no path.
        CodecUnsupported: The video can't be decoded.
    """
    try:
        with av.open(str(path), options={"format_whitelist": CONTAINERS}) as container:
            if not container.streams.video and not container.streams.audio:
                raise InputUnreadable("No video or audio stream found")
            return Media(
                container=container.format.name,
                duration_s=container.duration / av.time_base if container.duration else None,
                audios=tuple(_audio(stream) for stream in container.streams.audio),
                video=_video(container),
            )
    except (av.error.FFmpegError, ValueError) as error:
        raise InputUnreadable(getattr(error, "strerror", None) or "Invalid data found") from error


def _video(container: Any) -> VideoStream | None:  # noqa: ANN401 (PyAV's containers have no common type)
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not streams:
        return None
    stream = streams[0]
    if stream.codec_context is None:
        raise CodecUnsupported("Unsupported video codec")
    frame = next(container.decode(stream), None)
    if frame is None:
        raise InputUnreadable("No frame of the video can be decoded")
    context = stream.codec_context
    return VideoStream(
        stream_id=stream.index + 1,
        codec=context.name,
        four_cc=context.codec_tag.strip("\0") if context.codec_tag.isprintable() else "",
        width_px=frame.width,
        height_px=frame.height,
        pixel_aspect=stream.sample_aspect_ratio or context.sample_aspect_ratio or Fraction(1),
        # PyAV's rotation is anticlockwise, like the display matrix.
        rotation_degrees=round(-frame.rotation / 90) * 90 % 360,
        frame_rate=standard_frame_rate(stream.average_rate or stream.guessed_rate),
        bit_depth=max((part.bits for part in frame.format.components), default=8),
        color_format=_color_format(frame.format.name),
        is_interlaced=bool(frame.interlaced_frame),
    )


def standard_frame_rate(rate: Fraction | None) -> Fraction:
    """Return a constant frame rate near `rate`: a standard rate if one is within 0.05 %, and at most 120."""
    if not rate or rate <= 0:
        return DEFAULT_FRAME_RATE
    for standard in STANDARD_FRAME_RATES:
        if abs(rate - standard) <= standard * FRAME_RATE_TOLERANCE:
            return standard
    return min(rate.limit_denominator(1001), Fraction(MAX_FRAME_RATE))


def _audio(stream: Any) -> AudioStream:  # noqa: ANN401 (PyAV's streams have no common type)
    context = stream.codec_context
    return AudioStream(
        stream_id=stream.index + 1,
        codec=context.name if context else "unknown",
        channels=context.layout.nb_channels if context else 0,
        sample_rate_hz=context.sample_rate if context else 0,
        language=(stream.metadata.get("language") or "und").upper(),
    )


def _color_format(pixel_format: str) -> str:
    for digits, name in (("420", "YUV_420"), ("422", "YUV_422"), ("444", "YUV_444"), ("rgb", "RGB"), ("gbr", "RGB")):
        if digits in pixel_format:
            return name
    return "UNKNOWN"
