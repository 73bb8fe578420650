"""The suffix of a file that an output of a file group makes, from the output's settings. Pure.

https://docs.aws.amazon.com/mediaconvert/latest/ug/output-file-names-and-paths.html
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

RAW_AUDIO = {"EAC3": "ec3", "AIFF": "aiff"}
"""Suffixes of audio without a container that aren't the codec's name in lower case."""


def file_suffix(output: Mapping[str, Any], duration_ms: int) -> str:
    """Return the suffix without its dot. `duration_ms` is the length that MediaConvert reports for the output.

    A frame capture numbers its pictures from zero; its length is their number times their interval, so the length gives
    the number of the last one.

    >>> file_suffix({"ContainerSettings": {"Container": "MP4"}, "Extension": "m4a"}, 5_000)
    'm4a'
    >>> capture = {
    ...     "Codec": "FRAME_CAPTURE",
    ...     "FrameCaptureSettings": {"FramerateNumerator": 1, "FramerateDenominator": 3},
    ... }
    >>> file_suffix({"VideoDescription": {"CodecSettings": capture}}, 6_000)
    '0000001.jpg'
    """
    container = str((output.get("ContainerSettings") or {}).get("Container", ""))
    codec = (output.get("VideoDescription") or {}).get("CodecSettings") or {}
    if codec.get("Codec") == "FRAME_CAPTURE":
        captures = codec.get("FrameCaptureSettings") or {}
        rate = Fraction(captures.get("FramerateNumerator") or 1, captures.get("FramerateDenominator") or 1)
        last = max(0, round(rate * duration_ms / 1000) - 1)
        return f"{last:07}.{output.get('Extension', 'jpg')}"
    return str(output.get("Extension") or (container.lower() if container != "RAW" else _raw(output)))


def _raw(output: Mapping[str, Any]) -> str:
    audio: Mapping[str, Any] = next(iter(output.get("AudioDescriptions") or ()), {})
    codec = str((audio.get("CodecSettings") or {}).get("Codec", ""))
    return RAW_AUDIO.get(codec, codec.lower())
