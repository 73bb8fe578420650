"""The limits of H.264's levels. Pure."""

from math import isqrt

from mediaconvert_emulator.rules.rule import Node

# ITU-T H.264, table A-1: by level, the bitrate (kbit/s) and the macroblocks of a picture.
LEVELS = {
    "LEVEL_1": (64, 99),
    "LEVEL_1_1": (192, 396),
    "LEVEL_1_2": (384, 396),
    "LEVEL_1_3": (768, 396),
    "LEVEL_2": (2_000, 396),
    "LEVEL_2_1": (4_000, 792),
    "LEVEL_2_2": (4_000, 1_620),
    "LEVEL_3": (10_000, 1_620),
    "LEVEL_3_1": (14_000, 3_600),
    "LEVEL_3_2": (20_000, 5_120),
    "LEVEL_4": (20_000, 8_192),
    "LEVEL_4_1": (50_000, 8_192),
    "LEVEL_4_2": (50_000, 8_704),
    "LEVEL_5": (135_000, 22_080),
    "LEVEL_5_1": (240_000, 36_864),
    "LEVEL_5_2": (240_000, 36_864),
}
# Table A-2, with the NAL units' headers: bits per second for each kbit/s.
PROFILE_FACTORS = {"HIGH": 1_500, "HIGH_10BIT": 3_600, "HIGH_422": 4_800, "HIGH_422_10BIT": 4_800}
DEFAULT_FACTOR = 1_200
MACROBLOCK_PX = 16


def max_bitrate(node: Node) -> int | None:
    """Return the highest bitrate of an H.264 level and profile; None without a level."""
    level = LEVELS.get(node.get("codecLevel") or "")
    return level[0] * PROFILE_FACTORS.get(node.get("codecProfile") or "", DEFAULT_FACTOR) if level else None


def max_width(node: Node) -> int | None:
    """Return the greatest width of an H.264 level for the output's height; None without a level or a height."""
    level = LEVELS.get(node.get("codecLevel") or "")
    height: int = node.get("../../height") or 0
    if level is None or not height:
        return None
    rows = -(-height // MACROBLOCK_PX)
    return min(level[1] // rows, isqrt(level[1] * 8)) * MACROBLOCK_PX
