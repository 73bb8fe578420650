"""The bitrates that MediaConvert allows for AAC at a constant bitrate. Pure.

The table comes from real requests (https://github.com/badmintoncryer/cdk-preflight).
"""

from typing import Any

from mediaconvert_emulator.rules.rule import Node

Range = tuple[int, int]

BITRATES = frozenset(
    1000 * kbps
    for kbps in (
        *(6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 288, 320),
        *(384, 448, 512, 576, 640, 768, 896, 1024),
    )
)
"""The values that the service's model names."""

RATES_HZ = ((8_000, 12_000), (16_000,), (22_050, 24_000), (32_000,), (44_100,), (48_000,), (88_200,), (96_000,))
"""The sample rates of the columns below."""

KBPS: dict[tuple[str, str], tuple[Range | None, ...]] = {
    ("LC", "1_0"): ((8, 14), (8, 28), (24, 28), (32, 192), (56, 256), (56, 288), (288, 288), (128, 288)),
    ("LC", "2_0"): ((16, 20), (16, 32), (32, 32), (40, 384), (64, 512), (64, 576), (576, 576), (256, 576)),
    ("LC", "5_1"): (None, None, None, (160, 768), (256, 640), (256, 768), None, (640, 768)),
    ("HEV1", "1_0"): (None, None, (8, 10), (12, 64), (20, 64), (20, 64), None, None),
    ("HEV1", "2_0"): (None, None, None, (16, 128), (16, 96), (16, 128), None, (96, 128)),
    ("HEV1", "5_1"): (None, None, None, (64, 320), (64, 224), (64, 320), None, (256, 320)),
    ("HEV2", "2_0"): (None, None, (8, 10), (12, 64), (20, 64), (20, 64), None, None),
}
"""By profile and coding mode, the lowest and the highest bitrate for each column of sample rates."""

SUPPORT = "https://docs.aws.amazon.com/mediaconvert/latest/ug/aac-support.html"


def has_wrong_bitrate(node: Node) -> bool:
    """Return whether the bitrate is not allowed for the profile, the coding mode and the sample rate."""
    if node.get("rateControlMode") == "VBR" or node.get("bitrate") is None or _is_unknown(node.value):
        return False
    allowed = _range(node.value)
    bitrate = node.get("bitrate")
    return allowed is None or bitrate not in BITRATES or not allowed[0] * 1000 <= bitrate <= allowed[1] * 1000


def wrong_bitrate_text(node: Node) -> str:
    """Return MediaConvert's text, with the range if there is one."""
    allowed = _range(node.value)
    profile, mode, rate_hz = node.get("codecProfile") or "LC", node.get("codingMode"), node.get("sampleRate")
    advice = "Specify another combination" if allowed is None else f"Specify a bitrate in the range of {_bits(allowed)}"
    return (
        f"You specified a value for Bitrate that is not valid with the combination of Profile {profile}, Coding mode "
        f"{mode}, and Sample rate {rate_hz} you selected. {advice}, and resubmit your job For a list of supported "
        f"bitrates, see: {SUPPORT}"
    )


def _bits(allowed: Range) -> str:
    return f"{allowed[0] * 1000}-{allowed[1] * 1000}"


def _is_unknown(settings: dict[str, Any]) -> bool:
    """Return whether a required member is missing (another rule), or the profile has no table."""
    return not settings.get("codingMode") or not settings.get("sampleRate") or settings.get("codecProfile") == "XHE"


def _range(settings: dict[str, Any]) -> Range | None:
    mode = settings["codingMode"].removeprefix("CODING_MODE_")
    columns = KBPS.get((settings.get("codecProfile") or "LC", "1_0" if mode == "AD_RECEIVER_MIX" else mode))
    if columns is None:
        return None
    found = [allowed for rates, allowed in zip(RATES_HZ, columns, strict=True) if settings["sampleRate"] in rates]
    return found[0] if found else None
