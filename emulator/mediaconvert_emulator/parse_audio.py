"""Parses the audio descriptions of an output. Pure."""

from typing import Any

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.input_spec import FIRST_TRACK, SILENCE, AudioSource, InputSpec, Remix
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_audio_sources import parse_remix
from mediaconvert_emulator.parse_names import check_name
from mediaconvert_emulator.spec import AudioSpec

AUDIO_ENCODERS = {
    "AAC": ("aac", "aacSettings"),
    "AC3": ("ac3", "ac3Settings"),
    "AIFF": ("pcm_s{depth}be", "aiffSettings"),
    "EAC3": ("eac3", "eac3Settings"),
    "FLAC": ("flac", "flacSettings"),
    "MP2": ("mp2", "mp2Settings"),
    "MP3": ("libmp3lame", "mp3Settings"),
    "OPUS": ("libopus", "opusSettings"),
    "VORBIS": ("libvorbis", "vorbisSettings"),
    "WAV": ("pcm_s{depth}le", "wavSettings"),
}
"""By codec, ffmpeg's encoder and the codec's settings."""
MAX_CHANNELS = 8
BIT_DEPTHS = (16, 24)
CHANNELS = {
    "CODING_MODE_1_0": 1,
    "CODING_MODE_2_0": 2,
    "CODING_MODE_3_2": 6,
    "CODING_MODE_3_2_LFE": 6,
    "CODING_MODE_5_1": 6,
}
DEFAULT_AUDIO_BITRATE_BPS = {
    "AAC": 96_000,
    "AC3": 192_000,
    "EAC3": 192_000,
    "MP2": 128_000,
    "MP3": 128_000,
    "OPUS": 96_000,
}
"""The codecs with a constant bitrate."""
DEFAULT_VORBIS_QUALITY = 4


def parse_audio(description: JsonObject, input_spec: InputSpec, pointer: str) -> AudioSpec:
    """Parse an AudioDescription.

    Args:
        description: The AudioDescription.
        input_spec: The input, whose audio selectors the description names.
        pointer: The JSON pointer of the description, for error messages.

    Raises:
        BadRequestException: The description is incomplete, its codec is not emulated, or its remix doesn't fit.
    """
    codec_settings = description.get("codecSettings") or {}
    codec = codec_settings.get("codec")
    if codec is None:
        raise BadRequestException(f"{pointer}/codecSettings/codec: Should exist")
    if codec not in AUDIO_ENCODERS:
        raise BadRequestException(
            f"{pointer}/codecSettings/codec: {codec} is not emulated; {', '.join(AUDIO_ENCODERS)} are"
        )
    encoder, field = AUDIO_ENCODERS[codec]
    settings, settings_pointer = codec_settings.get(field) or {}, f"{pointer}/codecSettings/{field}"
    depth = _bit_depth(settings, settings_pointer) if codec in ("AIFF", "FLAC", "WAV") else None
    source = _source(description, input_spec)
    default_bps = DEFAULT_AUDIO_BITRATE_BPS.get(codec)
    return AudioSpec(
        encoder=encoder.format(depth=depth),
        bitrate_bps=settings.get("bitrate", default_bps) if default_bps else None,
        sample_rate_hz=settings.get("sampleRate", 48_000),
        channels=_channels(settings, settings_pointer),
        source=source,
        remix=_remix(description, source, pointer),
        **_language(description, pointer),
        encoder_options=_encoder_options(codec, settings, depth),
    )


def _bit_depth(settings: JsonObject, pointer: str) -> int:
    depth: int = settings.get("bitDepth", BIT_DEPTHS[0])
    if depth not in BIT_DEPTHS:
        raise BadRequestException(f"{pointer}/bitDepth: {depth} is not emulated; 16 and 24 are")
    return depth


def _encoder_options(codec: str, settings: JsonObject, depth: int | None) -> tuple[tuple[str, str], ...]:
    match codec, depth:
        case "VORBIS", _:
            return (("-q", str(settings.get("vbrQuality", DEFAULT_VORBIS_QUALITY))),)
        case "FLAC", 16:
            return (("-sample_fmt", "s16"),)
        case "FLAC", _:
            return (("-sample_fmt", "s32"), ("-bits_per_raw_sample", str(depth)))
        case _:
            return ()


def _channels(settings: JsonObject, pointer: str) -> int:
    channels: int = settings.get("channels") or 0
    if channels > MAX_CHANNELS:
        raise BadRequestException(f"{pointer}/channels: {channels} is not emulated; up to {MAX_CHANNELS} are")
    if channels:
        return channels
    mode = settings.get("codingMode", "CODING_MODE_2_0")
    if mode not in CHANNELS:
        raise BadRequestException(f"{pointer}/codingMode: {mode} is not emulated")
    return CHANNELS[mode]


def _source(description: JsonObject, input_spec: InputSpec) -> AudioSource:
    """Return the description's sound. As on AWS, the default selector replaces a missing one, and else silence."""
    name, sources = description.get("audioSourceName"), input_spec.audio_sources
    if name is None:
        return next(iter(sources.values()), FIRST_TRACK)
    default = input_spec.default_audio_selector
    return sources.get(name) or (sources[default] if default else SILENCE)


def _remix(description: JsonObject, source: AudioSource, pointer: str) -> Remix | None:
    remix = parse_remix(description.get("remixSettings"), f"{pointer}/remixSettings")
    mixed = len(source.remix.gains_db) if source.remix else None  # otherwise only the input shows it
    if remix and mixed and mixed != len(remix.gains_db[0]):
        raise BadRequestException(
            f"{pointer}/remixSettings/channelsIn: Should be {mixed}, as the selector's channelsOut"
        )
    return remix


def _language(description: JsonObject, pointer: str) -> dict[str, Any]:
    check_name(description.get("streamName"), f"{pointer}/streamName")
    code = description.get("customLanguageCode") or (description.get("languageCode") or "").lower()
    return {
        "language": code or None,
        "is_language_configured": description.get("languageCodeControl") == "USE_CONFIGURED",
        "stream_name": description.get("streamName") or None,
    }
