"""Reads the properties of files that ffmpeg wrote, with PyAV. Only child processes import this module."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import av.error

from mediaconvert_emulator.codec_strings import audio_codec_string, video_codec_string
from mediaconvert_emulator.media import OutputMedia
from mediaconvert_emulator.probe import Unreadable

PLAYLIST_OPTIONS = {
    "allowed_extensions": "ALL",
    "allowed_segment_extensions": "ALL",
    "protocol_whitelist": "file,crypto,data",
}


def read_outputs(paths: Sequence[Path]) -> list[OutputMedia]:
    """Return the codecs and the length of each file; a playlist stands for its segments.

    Raises:
        Unreadable: A file is broken.
    """
    return [_read_output(path) for path in paths]


def _read_output(path: Path) -> OutputMedia:
    options = PLAYLIST_OPTIONS if path.suffix == ".m3u8" else {}
    try:
        with av.open(str(path), options=options) as container:
            codecs = [codec for stream in container.streams if (codec := _codec(stream))]
            length_s = container.duration / av.time_base if container.duration else None
            return OutputMedia(codecs=tuple(codecs), duration_s=length_s, video_start_s=_video_start_s(container))
    except (av.error.FFmpegError, ValueError) as error:
        raise Unreadable(f"the output can't be read: {error}") from error


def _video_start_s(container: Any) -> float:  # noqa: ANN401 (PyAV's container)
    starts = [float(stream.start_time * stream.time_base) for stream in container.streams.video if stream.start_time]
    return starts[0] if starts else 0.0


def _codec(stream: Any) -> str | None:  # noqa: ANN401 (PyAV's streams)
    context = stream.codec_context
    if stream.type == "audio":
        return audio_codec_string(context.name, context.profile)
    if stream.type == "video":
        return video_codec_string(context.name, bytes(context.extradata or b""))
    return None
