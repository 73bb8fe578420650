"""Decides which sound of the input an output has, and in which language. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mediaconvert_emulator.errors import JobError
from mediaconvert_emulator.input_spec import AudioSource
from mediaconvert_emulator.media import AudioStream, Media
from mediaconvert_emulator.missing_tracks import no_audio_error
from mediaconvert_emulator.spec import AudioSpec

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


def stream_of(source: AudioSource, media: Media, sidecars: Sidecars) -> AudioStream | None:
    """Return the track of a source; None for silence."""
    if source.track_index is None:
        return None
    return (sidecars.media[source.uri] if source.uri else media).audios[source.track_index]


def used_audio(audio: AudioSpec, media: Media, sidecars: Sidecars) -> AudioSpec | None:
    """Return the audio that an output gets; None if the input has no usable audio.

    Another usable track of the input replaces a track that is missing, empty or broken, but never a file beside it.
    """
    source = audio.source
    if source.track_index is None:
        return audio if media.duration_s is not None else None
    if source.uri is None:
        usable = [index for index, track in enumerate(media.audios) if track.fault is None]
        if not usable:
            return None
        source = replace(source, track_index=source.track_index if source.track_index in usable else usable[0])
    stream = stream_of(source, media, sidecars)
    language = stream.language.lower() if stream and LANGUAGE.fullmatch(stream.language) else None
    if audio.is_language_configured or language is None:
        language = audio.language
    return replace(audio, source=source, language=language)


def sidecar_error(source: AudioSource, media: Media) -> JobError | None:
    """Return the error of an audio file without the track that a selector names; None if it has it."""
    index = source.track_index or 0
    if index < len(media.audios) and media.audios[index].fault is None:
        return None
    return no_audio_error(media)
