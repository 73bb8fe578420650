"""One output of a stream, HLS, CMAF or DASH, and its place in HLS's main playlist."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediaconvert_emulator.caption_tags import CaptionTags
from mediaconvert_emulator.media import OutputMedia
from mediaconvert_emulator.naming import S3Location
from mediaconvert_emulator.output_report import OutputFile, OutputReport
from mediaconvert_emulator.playlists import AlternateAudio, Keyframes, Variant, master_playlist
from mediaconvert_emulator.renditions import Rendition
from mediaconvert_emulator.segments import Segment, measure_bandwidth
from mediaconvert_emulator.spec import HlsGroup, StreamGroup

ONLY_AUDIO_NAME = "Alternate Audio"


@dataclass(frozen=True)
class StreamOutput(ABC):
    """The files of one rendition in the job's folder."""

    rendition: Rendition
    base: S3Location
    folder: Path
    written: OutputMedia
    group: StreamGroup

    @property
    @abstractmethod
    def segments(self) -> tuple[Segment, ...]:
        """The segments with their names in S3."""

    @abstractmethod
    def report(self) -> OutputReport:
        """Return the output's result."""

    @property
    @abstractmethod
    def keyframes(self) -> tuple[Segment, ...]:
        """The keyframes as parts of the segments; none if the job requests no playlist of them."""

    @abstractmethod
    def playlists(self) -> Iterator[OutputFile]:
        """Yield the media playlist and the playlist of the keyframes."""

    @property
    def location(self) -> S3Location:
        """The location of the media playlist."""
        return S3Location(self.base.bucket, f"{self.base.key}{self.rendition.output.name_modifier}.m3u8")

    @property
    def keyframes_location(self) -> S3Location:
        """The location of the playlist of the keyframes."""
        return self.location.sibling(self.location.key.rpartition("/")[2].removesuffix(".m3u8") + "_I-Frame.m3u8")

    def text_file(self, location: S3Location, text: str) -> OutputFile:
        """Return a playlist as a file to upload."""
        return OutputFile(location=location, source=text, is_compressed=self.group.playlist.is_compressed)

    @property
    def language(self) -> str | None:
        """The language of an audio output; None if it is unknown."""
        return self.rendition.audios[0].language

    def variants(self) -> list[Variant]:
        """Return the output as variants of the main playlist: one for each audio group that plays with it."""
        is_silent = self.rendition.video is not None and not self.rendition.audios
        groups = self.rendition.output.audio_rendition_sets if is_silent else ()
        return [
            self._variant(group, self._keyframes() if number == 0 else None)
            for number, group in enumerate(groups or (None,))
        ]

    def _keyframes(self) -> Keyframes | None:
        if not self.keyframes:
            return None
        name = self.keyframes_location.key.rpartition("/")[2]
        return Keyframes(playlist_name=name, bandwidth=measure_bandwidth(self.keyframes))

    def _variant(self, audio_group_id: str | None, keyframes: Keyframes | None) -> Variant:
        video = self.rendition.video
        return Variant(
            playlist_name=self.location.key.rpartition("/")[2],
            bandwidth=measure_bandwidth(self.segments),
            codecs=self.written.codecs,
            size_px=video.picture.framed if video else None,
            frame_rate=video.frame_rate if video else None,
            audio_group_id=audio_group_id,
            keyframes=keyframes,
        )

    def alternate_audio(self, *, is_only: bool) -> AlternateAudio:
        """Return the output as alternate audio; only the audio without others in its group has the default name."""
        output = self.rendition.output
        return AlternateAudio(
            playlist_name=self.location.key.rpartition("/")[2],
            group_id=output.audio_group_id,
            name=self.rendition.audios[0].stream_name
            or (ONLY_AUDIO_NAME if is_only else output.name_modifier.strip("_-") or ONLY_AUDIO_NAME),
            language=self.language,
            bandwidth=measure_bandwidth(self.segments),
            codecs=self.written.codecs,
            is_default=output.is_default_audio,
            is_autoselected=output.is_autoselected_audio,
            is_video_description=output.is_video_description,
        )


def master_of(outputs: Sequence[StreamOutput], group: StreamGroup, *, version: int, captions: CaptionTags) -> str:
    """Return the main playlist of a group, or of some of its outputs."""
    encryption = group.encryption if isinstance(group, HlsGroup) else None
    has_video = any(output.rendition.video for output in outputs)
    alternates = [output for output in outputs if output.rendition.output.is_alternate_audio and has_video]
    groups = [output.rendition.output.audio_group_id for output in alternates]
    return master_playlist(
        [variant for output in outputs if output not in alternates for variant in output.variants()],
        [
            output.alternate_audio(is_only=groups.count(output.rendition.output.audio_group_id) == 1)
            for output in alternates
        ],
        group.playlist,
        version=version,
        session_key=encryption if encryption and encryption.is_session_key else None,
        captions=captions,
    )
