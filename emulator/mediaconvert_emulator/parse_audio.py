"""Parses the audio descriptions of an output. Pure."""

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.spec import AudioSpec, InputSpec

AUDIO_ENCODERS = {
    "AAC": ("aac", "aacSettings"),
    "AC3": ("ac3", "ac3Settings"),
    "EAC3": ("eac3", "eac3Settings"),
    "MP3": ("libmp3lame", "mp3Settings"),
}
CHANNELS = {
    "CODING_MODE_1_0": 1,
    "CODING_MODE_2_0": 2,
    "CODING_MODE_3_2": 6,
    "CODING_MODE_3_2_LFE": 6,
    "CODING_MODE_5_1": 6,
}
DEFAULT_AUDIO_BITRATE_BPS = {"AAC": 96_000, "AC3": 192_000, "EAC3": 192_000, "MP3": 128_000}


def parse_audio(description: JsonObject, input_spec: InputSpec, pointer: str) -> AudioSpec:
    """Parse an AudioDescription.

    Args:
        description: The AudioDescription.
        input_spec: The input, whose audio selectors the description names.
        pointer: The JSON pointer of the description, for error messages.

    Raises:
        BadRequestException: The description is incomplete, its codec is not emulated, or its selector doesn't exist.
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
    settings = codec_settings.get(field) or {}
    return AudioSpec(
        encoder=encoder,
        bitrate_bps=settings.get("bitrate", DEFAULT_AUDIO_BITRATE_BPS[codec]),
        sample_rate_hz=settings.get("sampleRate", 48_000),
        channels=settings.get("channels") or _channels(settings, f"{pointer}/codecSettings/{field}"),
        track_index=_track_index(description, input_spec, pointer),
    )


def _channels(settings: JsonObject, pointer: str) -> int:
    mode = settings.get("codingMode", "CODING_MODE_2_0")
    if mode not in CHANNELS:
        raise BadRequestException(f"{pointer}/codingMode: {mode} is not emulated")
    return CHANNELS[mode]


def _track_index(description: JsonObject, input_spec: InputSpec, pointer: str) -> int:
    """Return the description's audio track. As on AWS, the input's default selector replaces a missing selector."""
    source, tracks = description.get("audioSourceName"), input_spec.audio_tracks
    if source is None:
        return next(iter(tracks.values()), 0)
    selector = source if source in tracks else input_spec.default_audio_selector
    if selector is None:
        raise BadRequestException(
            f"{pointer}/audioSourceName: No audio selector named {source!r} in the input; silence is not emulated"
        )
    return tracks[selector]
