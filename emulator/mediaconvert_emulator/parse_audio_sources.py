"""Parses the audio selectors of an input, and remixing. Pure."""

from dataclasses import replace

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.input_spec import AudioSource, Remix
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_names import check_s3_uri

MAX_CHANNELS = 8


def parse_audio_sources(job_input: JsonObject, pointer: str) -> dict[str, AudioSource]:
    """Return the sound of each audio selector, and of each group of selectors.

    As on AWS, the channels of several tracks and of several selectors become those of one sound.

    Raises:
        BadRequestException: A selector needs a feature that is not emulated.
    """
    selectors = job_input.get("audioSelectors") or {}
    groups = job_input.get("audioSelectorGroups") or {}
    sources = {
        name: _source(selector, number, f"{pointer}/audioSelectors/{name}")
        for number, (name, selector) in enumerate(selectors.items(), start=1)
    }
    for group_name, group in groups.items():
        names = group.get("audioSelectorNames") or []
        names_pointer = f"{pointer}/audioSelectorGroups/{group_name}/audioSelectorNames"
        for index, name in enumerate(names):
            if name not in selectors:
                raise BadRequestException(f"{names_pointer}/{index}: No audio selector named {name!r} in the input")
        parts = tuple(sources[name] for name in names)
        sources[group_name] = parts[0] if len(parts) == 1 else AudioSource(joined=parts)
    return sources


def _source(selector: JsonObject, number: int, pointer: str) -> AudioSource:
    tracks: list[int] = selector.get("tracks") or []
    uri: str | None = selector.get("externalAudioFileInput")
    if uri:
        if not uri.lower().startswith("s3://"):
            raise BadRequestException(f"{pointer}/externalAudioFileInput: Only s3:// files are emulated")
        check_s3_uri(uri, f"{pointer}/externalAudioFileInput")
    offset_ms = selector.get("offset", 0)
    parts = tuple(
        AudioSource(
            uri=uri or None,
            track_index=track - 1,
            number=number,
            is_track_required=bool(tracks),
            offset_ms=offset_ms,
        )
        for track in tracks or [1]
    )
    remix = parse_remix(selector.get("remixSettings"), f"{pointer}/remixSettings")
    return replace(parts[0], remix=remix) if len(parts) == 1 else AudioSource(joined=parts, remix=remix)


def parse_remix(settings: JsonObject | None, pointer: str) -> Remix | None:
    """Return the gains of a remix; None if there is none.

    Raises:
        BadRequestException: The mapping has other numbers of channels than the settings name, or too many.
    """
    if not settings:
        return None
    mapping = (settings.get("channelMapping") or {}).get("outputChannels") or []
    channels_in, channels_out = settings.get("channelsIn") or 0, settings.get("channelsOut") or 0
    mapping_pointer = f"{pointer}/channelMapping/outputChannels"
    if len(mapping) != channels_out:
        raise BadRequestException(f"{mapping_pointer}: Should have {channels_out} items, as channelsOut")
    if channels_out > MAX_CHANNELS:
        raise BadRequestException(f"{pointer}/channelsOut: {channels_out} is not emulated; up to {MAX_CHANNELS} are")
    rows: list[tuple[float, ...]] = []
    for index, channel in enumerate(mapping):
        gains = channel.get("inputChannelsFineTune") or channel.get("inputChannels") or []
        if len(gains) != channels_in:
            raise BadRequestException(f"{mapping_pointer}/{index}: Should have {channels_in} values, as channelsIn")
        rows.append(tuple(round(gain, 3) for gain in gains))
    return Remix(gains_db=tuple(rows))
