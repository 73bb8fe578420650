"""Refusals of reserved queues: features that their slots don't offer. Pure.

https://docs.aws.amazon.com/mediaconvert/latest/ug/working-with-reserved-queues.html
"""

from collections.abc import Callable
from typing import Any

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject

WIDTH_8K, HEIGHT_8K = 4096, 2160


def check_reserved_queue(settings: JsonObject, acceleration_mode: str) -> None:
    """Refuse a job that a reserved queue can't run.

    Raises:
        BadRequestException: It needs a feature of on-demand queues; the message names it.
    """
    if acceleration_mode == "ENABLED":
        raise BadRequestException("/accelerationSettings/mode: Reserved queues don't support accelerated transcoding")
    for index, group in enumerate(settings.get("outputGroups") or []):
        if group.get("automatedEncodingSettings"):
            raise BadRequestException(
                f"/outputGroups/{index}/automatedEncodingSettings: Reserved queues don't support automated ABR"
            )
        for number, output in enumerate(group.get("outputs") or []):
            video = output.get("videoDescription") or {}
            for name, is_used in VIDEO_FEATURES.items():
                if is_used(video):
                    pointer = f"/outputGroups/{index}/outputs/{number}/videoDescription"
                    raise BadRequestException(f"{pointer}: Reserved queues don't support {name}")


def _codec_settings(video: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for block in (video.get("codecSettings") or {}).values() if isinstance(block, dict)]


VIDEO_FEATURES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "8K outputs": lambda video: (video.get("width") or 0) > WIDTH_8K or (video.get("height") or 0) > HEIGHT_8K,
    "AV1": lambda video: (video.get("codecSettings") or {}).get("codec") == "AV1",
    "Dolby Vision": lambda video: bool((video.get("videoPreprocessors") or {}).get("dolbyVision")),
    "FrameFormer": lambda video: any(
        block.get("framerateConversionAlgorithm") == "FRAMEFORMER" for block in _codec_settings(video)
    ),
}
