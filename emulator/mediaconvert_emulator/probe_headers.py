"""Reads the headers of a media file for the operation Probe, with PyAV. Only child processes import this module."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
import av.error

from mediaconvert_emulator.containers import CONTAINERS
from mediaconvert_emulator.probe import Unreadable, interlacing, rotation_degrees, track_language
from mediaconvert_emulator.probe_names import (
    MATRICES,
    PRIMARIES,
    TRANSFERS,
    chroma_subsampling,
    codec_name,
    format_name,
)
from mediaconvert_emulator.ranged_file import RangedFile

PROPERTIES = {"video": "videoProperties", "audio": "audioProperties", "data": "dataProperties"}


def read_headers(url: str) -> dict[str, Any]:
    """Return a ProbeResult, in the API's wire names, for the file at an http or https URL.

    Raises:
        Unreadable: The file is not a media file, or its headers are broken.
        HttpFailed: The file can't be read.
    """
    file = RangedFile(url)
    try:
        with av.open(file, options={"format_whitelist": CONTAINERS}) as container:
            return {
                "container": _container(container, file),
                "metadata": file.metadata,
                "trackMappings": [_mapping(container)],
            }
    except (av.error.FFmpegError, ValueError) as error:
        raise Unreadable(getattr(error, "strerror", None) or "Invalid data found") from error


def _container(container: Any, file: RangedFile) -> dict[str, Any]:  # noqa: ANN401 (PyAV's container)
    tracks = [_track(stream, container) for stream in _streams(container)]
    if not tracks:
        raise Unreadable("No track found")
    is_webm = file.read_start().find(b"webm") != -1
    return _present(
        {
            "format": format_name(container.format.name, container.metadata.get("major_brand", ""), is_webm=is_webm),
            "duration": container.duration / av.time_base if container.duration else None,
            "bitRate": container.bit_rate or None,
            "startTimecode": _start_timecode(container),
            "tracks": tracks,
        }
    )


def _streams(container: Any) -> list[Any]:  # noqa: ANN401 (PyAV's container and streams)
    return [s for s in container.streams if not s.disposition & av.stream.Disposition.attached_pic]


def _kind(stream: Any) -> str:  # noqa: ANN401 (PyAV's streams)
    return stream.type if stream.type in {"video", "audio"} else "data"


def _mapping(container: Any) -> dict[str, list[int]]:  # noqa: ANN401 (PyAV's container)
    indexes: dict[str, list[int]] = {"videoTrackIndexes": [], "audioTrackIndexes": [], "dataTrackIndexes": []}
    for stream in _streams(container):
        indexes[f"{_kind(stream)}TrackIndexes"].append(stream.index + 1)
    return indexes


def _track(stream: Any, container: Any) -> dict[str, Any]:  # noqa: ANN401 (PyAV's streams and container)
    kind = _kind(stream)
    properties: dict[str, Any]
    match kind:
        case "video":
            properties = _video(stream, container)
        case "audio":
            properties = _audio(stream)
        case _:
            properties = {"languageCode": track_language(stream)}
    length_s = stream.duration * stream.time_base if stream.duration else None
    context = stream.codec_context
    return _present(
        {
            "index": stream.index + 1,
            "trackType": kind,
            "codec": codec_name(context.name if context else ""),
            "duration": float(length_s) if length_s else None,
            PROPERTIES[kind]: _present(properties),
        }
    )


def _video(stream: Any, container: Any) -> dict[str, Any]:  # noqa: ANN401 (PyAV's streams and container)
    context = stream.codec_context
    if context is None:
        return {}
    frame = _first_frame(stream, container)
    pixel_format = (frame.format.name if frame else context.pix_fmt) or ""
    depth = max((part.bits for part in frame.format.components), default=8) if frame else None
    pixel_aspect = stream.sample_aspect_ratio or context.sample_aspect_ratio or Fraction(1)
    colors = {
        "colorPrimaries": PRIMARIES.get(int(context.color_primaries or 2), "UNSPECIFIED"),
        "matrixCoefficients": MATRICES.get(int(context.colorspace or 2), "UNSPECIFIED"),
        "transferCharacteristics": TRANSFERS.get(int(context.color_trc or 2), "UNSPECIFIED"),
    }
    size = {"width": context.width, "height": context.height}
    rate = stream.average_rate or stream.guessed_rate
    is_interlaced = bool(frame and interlacing([frame]))
    metadata = {
        **size,
        **colors,
        "profile": context.profile,
        "level": level_name(context.name, context.level),
        "bitDepth": depth,
        "chromaSubsampling": chroma_subsampling(pixel_format),
        "codedFrameRate": _rate(context.framerate or rate),
        "scanType": "interlaced" if is_interlaced else "progressive",
    }
    return {
        **size,
        **colors,
        "frameRate": _rate(rate),
        "bitDepth": depth,
        "bitRate": context.bit_rate or None,
        "rotation": (rotation_degrees(frame) or None) if frame else None,
        "sampleAspectRatio": _rate(pixel_aspect),
        "displayAspectRatio": _rate(pixel_aspect * Fraction(context.width or 1, context.height or 1)),
        "codecMetadata": _present(metadata),
    }


def level_name(codec: str, level: int | None) -> str | None:
    """Return a codec's level as people write it, such as 4.1; ffmpeg's numbers are multiples of it."""
    factors = {"h264": 10, "hevc": 30}
    return f"{level / factors[codec]:g}" if codec in factors and level and level > 0 else None


def _first_frame(stream: Any, container: Any) -> Any:  # noqa: ANN401 (PyAV's streams, containers and frames)
    try:
        return next(container.decode(stream), None)
    except (av.error.FFmpegError, ValueError):
        return None


def _audio(stream: Any) -> dict[str, Any]:  # noqa: ANN401 (PyAV's streams)
    context = stream.codec_context
    if context is None:
        return {}
    rate, frame_samples = context.sample_rate, context.frame_size
    return {
        "channels": context.layout.nb_channels,
        "channelLayout": context.layout.name,
        "sampleRate": rate,
        "bitRate": context.bit_rate or None,
        "bitDepth": context.format.bits if context.name.startswith("pcm_") and context.format else None,
        "frameRate": _rate(Fraction(rate, frame_samples)) if rate and frame_samples else None,
        "languageCode": track_language(stream),
    }


def _rate(rate: Fraction | None) -> dict[str, int] | None:
    return {"numerator": rate.numerator, "denominator": rate.denominator} if rate else None


def _start_timecode(container: Any) -> str | None:  # noqa: ANN401 (PyAV's container)
    holders: Iterable[dict[str, str]] = (container.metadata, *(stream.metadata for stream in container.streams))
    return next((holder["timecode"] for holder in holders if holder.get("timecode")), None)


def _present(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members that are not None."""
    return {name: value for name, value in members.items() if value is not None}
