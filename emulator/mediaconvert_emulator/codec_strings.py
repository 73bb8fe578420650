"""The codec strings of playlists (RFC 6381), from an encoder's parameter sets. Pure."""

import re

AUDIO_CODECS = {
    ("aac", "LC"): "mp4a.40.2",
    ("aac", "HE-AAC"): "mp4a.40.5",
    ("aac", "HE-AACv2"): "mp4a.40.29",
    ("ac3", ""): "ac-3",
    ("eac3", ""): "ec-3",
    ("mp3", ""): "mp4a.40.34",
    ("mp2", ""): "mp4a.40.33",
}
START_CODE = re.compile(rb"\x00\x00\x01")
H264_SPS, H265_SPS = 7, 33
SPS_HEAD_BYTES = 4
CONFIGURATION_VERSION = b"\x01"


def audio_codec_string(codec: str, profile: str | None) -> str | None:
    """Return the string of an audio codec, by ffmpeg's names of codec and profile; None if it is unknown."""
    name = codec.removesuffix("float")
    return AUDIO_CODECS.get((name, profile or "")) or AUDIO_CODECS.get((name, "")) or ({"aac": "mp4a.40.2"}.get(name))


def video_codec_string(codec: str, parameter_sets: bytes) -> str | None:
    """Return the string of a video codec.

    Args:
        codec: ffmpeg's name of the codec.
        parameter_sets: The stream's parameter sets, with start codes (ITU-T H.264 and H.265, Annex B), or as an MP4's
            configuration record (ISO/IEC 14496-15).
    """
    if parameter_sets[:1] == CONFIGURATION_VERSION:
        return _record_string(codec, parameter_sets)
    units = START_CODE.split(parameter_sets)[1:]
    if codec == "h264":
        return next(
            (f"avc1.{unit[1:4].hex()}" for unit in units if len(unit) >= SPS_HEAD_BYTES and unit[0] & 31 == H264_SPS),
            None,
        )
    if codec == "hevc":
        return next((_h265_string(unit) for unit in units if unit and unit[0] >> 1 & 63 == H265_SPS), None)
    return None


def _record_string(codec: str, record: bytes) -> str | None:
    if codec == "h264":
        return f"avc1.{record[1:4].hex()}"
    return _h265_profile_string(record[1:13]) if codec == "hevc" else None


def _h265_string(unit: bytes) -> str:
    """Return the string of an H.265 sequence parameter set (ISO/IEC 14496-15, Annex E)."""
    return _h265_profile_string(unit.replace(b"\x00\x00\x03", b"\x00\x00")[3:15])


def _h265_profile_string(profile_tier_level: bytes) -> str:
    head, compatibility, constraints, level = (
        profile_tier_level[0],
        int.from_bytes(profile_tier_level[1:5], "big"),
        profile_tier_level[5:11],
        profile_tier_level[11],
    )
    space = ("", "A", "B", "C")[head >> 6]
    reversed_compatibility = int(f"{compatibility:032b}"[::-1], 2)
    tier = "H" if head >> 5 & 1 else "L"
    flags = "".join(f".{byte:X}" for byte in constraints.rstrip(b"\x00"))
    return f"hvc1.{space}{head & 31}.{reversed_compatibility:X}.{tier}{level}{flags}"
