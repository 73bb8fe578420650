"""Decides which sound of the input an output has, and in which language. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mediaconvert_emulator.errors import JobError
from mediaconvert_emulator.input_spec import AudioSource
from mediaconvert_emulator.media import AudioStream, Media
from mediaconvert_emulator.missing_tracks import no_audio_error
from mediaconvert_emulator.spec import AudioSpec

SILENT_CHANNELS = 2
LANGUAGE = re.compile(r"(?!UND$)[A-Za-z]{2,3}(-[A-Za-z0-9-]+)?")
"""A file may name anything as its language, also what no playlist may contain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecars:
    """The audio files beside an input, by their URIs; in the job's folder each has a name."""

    media: Mapping[str, Media] = field(default_factory=dict)

    def name(self, uri: str) -> str:
        """Return the name of a file in the job's folder."""
        return f"audio-{self.input_number(uri)}"

    def input_number(self, uri: str | None) -> int:
        """Return the number of a file among ffmpeg's inputs; the job's input is 0."""
        return 0 if uri is None else 1 + list(self.media).index(uri)

    @property
    def names(self) -> list[str]:
        """The names of all files, in the order of ffmpeg's inputs."""
        return [self.name(uri) for uri in self.media]


def stream_of(track: AudioSource, media: Media, sidecars: Sidecars) -> AudioStream:
    """Return the stream of a source that is one track."""
    return (sidecars.media[track.uri] if track.uri else media).audios[track.track_index or 0]


def channels_of(source: AudioSource, media: Media, sidecars: Sidecars) -> int:
    """Return the number of channels of a source."""
    if source.remix:
        return len(source.remix.gains_db)
    return unmixed_channels(source, media, sidecars)


def unmixed_channels(source: AudioSource, media: Media, sidecars: Sidecars) -> int:
    """Return the number of channels of a source before its remix."""
    if source.joined:
        return sum(channels_of(part, media, sidecars) for part in source.joined)
    return stream_of(source, media, sidecars).channels if source.tracks else SILENT_CHANNELS


def used_audio(audio: AudioSpec, media: Media, sidecars: Sidecars) -> AudioSpec | None:
    """Return the audio that an output gets; None if the input has no usable audio.

    Another usable track of the input replaces a track that is missing, empty or broken, but never a file beside it.
    """
    if not audio.source.tracks:
        return audio if media.duration_s is not None else None
    source = _usable_source(audio.source, media)
    if source is None:
        return None
    language = stream_of(source.tracks[0], media, sidecars).language
    follows = bool(LANGUAGE.fullmatch(language)) and not audio.is_language_configured
    return replace(audio, source=source, language=language.lower() if follows else audio.language)


def _usable_source(source: AudioSource, media: Media) -> AudioSource | None:
    usable = [index for index, track in enumerate(media.audios) if track.fault is None]
    if source.joined:
        parts = (part if part.uri or part.joined or part.track_index in usable else None for part in source.joined)
        kept = tuple(used for part in parts if part and (used := _usable_source(part, media)))
        if kept:
            return replace(source, joined=kept)
        return _usable_source(replace(source, joined=()), media)
    if source.uri or source.track_index in usable:
        return source
    return replace(source, track_index=usable[0]) if usable else None


def sidecar_error(source: AudioSource, media: Media) -> JobError | None:
    """Return the error of an audio file without the track that a selector names; None if it has it."""
    index = source.track_index or 0
    if index < len(media.audios) and media.audios[index].fault is None:
        return None
    return no_audio_error(media)
