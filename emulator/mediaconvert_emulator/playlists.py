"""MediaConvert's main playlists of HLS. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from mediaconvert_emulator.caption_tags import CaptionTags
from mediaconvert_emulator.media_playlist import key_attributes, reference
from mediaconvert_emulator.segments import Bandwidth
from mediaconvert_emulator.spec import HlsEncryption
from mediaconvert_emulator.stream_spec import PlaylistOptions

AUDIO_CODECS = ("mp4a", "ac-3", "ec-3")
"""The codecs of a variant that its keyframes don't have."""
NO_CAPTIONS = CaptionTags()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframes:
    """The playlist of a variant's keyframes."""

    playlist_name: str
    bandwidth: Bandwidth


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One variant of a master playlist; without video it has no size and no rate."""

    playlist_name: str
    bandwidth: Bandwidth
    codecs: tuple[str, ...]
    size_px: tuple[int, int] | None
    frame_rate: Fraction | None
    audio_group_id: str | None
    keyframes: Keyframes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternateAudio:
    """An audio-only rendition that plays together with the variants of its group id."""

    playlist_name: str
    group_id: str
    name: str
    language: str | None
    bandwidth: Bandwidth
    codecs: tuple[str, ...]
    is_default: bool
    is_autoselected: bool
    is_video_description: bool = False
    """True for audio that describes the picture."""


def master_playlist(
    variants: Sequence[Variant],
    alternates: Sequence[AlternateAudio],
    options: PlaylistOptions,
    *,
    version: int,
    session_key: HlsEncryption | None = None,
    captions: CaptionTags = NO_CAPTIONS,
) -> str:
    """Return the master playlist of a group: the variants in the job's order, then the audio, then the captions."""
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{version}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += [f"#EXT-X-SESSION-KEY:{key_attributes(session_key)}"] if session_key else []
    for variant in variants:
        audios = [audio for audio in alternates if audio.group_id == variant.audio_group_id]
        lines += [
            f"#EXT-X-STREAM-INF:{','.join([*_stream_inf(variant, audios, options), *captions.attributes])}",
            reference(variant.playlist_name, options),
        ]
        if variant.keyframes:
            lines.append(f"#EXT-X-I-FRAME-STREAM-INF:{_keyframes_inf(variant, variant.keyframes, options)}")
    lines += [f"#EXT-X-MEDIA:{_media(audio, options)}" for audio in alternates]
    return "\n".join([*lines, *captions.lines]) + "\n"


def _media(audio: AlternateAudio, options: PlaylistOptions) -> str:
    attributes = ["TYPE=AUDIO", f'GROUP-ID="{audio.group_id}"']
    attributes += [f'LANGUAGE="{audio.language}"'] if audio.language else []
    attributes += [
        f'NAME="{audio.name}"',
        f"AUTOSELECT={_yes_no(is_yes=audio.is_autoselected or audio.is_default)}",
        f"DEFAULT={_yes_no(is_yes=audio.is_default)}",
    ]
    attributes += ['CHARACTERISTICS="public.accessibility.describes-video"'] if audio.is_video_description else []
    return ",".join([*attributes, f'URI="{reference(audio.playlist_name, options)}"'])


def _keyframes_inf(variant: Variant, keyframes: Keyframes, options: PlaylistOptions) -> str:
    codecs = [codec for codec in variant.codecs if not codec.startswith(AUDIO_CODECS)]
    return ",".join(
        [
            *_bandwidth_attributes(keyframes.bandwidth),
            *_picture_attributes(variant, codecs, options),
            f'URI="{reference(keyframes.playlist_name, options)}"',
        ]
    )


def _stream_inf(variant: Variant, audios: Sequence[AlternateAudio], options: PlaylistOptions) -> list[str]:
    """Return a variant's attributes. With alternate audio they include the audio that needs the most bandwidth."""
    bandwidth, codecs = variant.bandwidth, list(variant.codecs)
    if audios:
        bandwidth += max((audio.bandwidth for audio in audios), key=lambda each: each.peak_bps)
        codecs += [codec for codec in dict.fromkeys(c for audio in audios for c in audio.codecs) if codec not in codecs]
    attributes = [*_bandwidth_attributes(bandwidth), *_picture_attributes(variant, codecs, options)]
    if variant.frame_rate:
        attributes.append(f"FRAME-RATE={float(variant.frame_rate):.3f}")
    if audios:
        attributes.append(f'AUDIO="{variant.audio_group_id}"')
    return attributes


def _bandwidth_attributes(bandwidth: Bandwidth) -> list[str]:
    return [f"BANDWIDTH={bandwidth.peak_bps}", f"AVERAGE-BANDWIDTH={bandwidth.average_bps}"]


def _picture_attributes(variant: Variant, codecs: Sequence[str], options: PlaylistOptions) -> list[str]:
    attributes = ["VIDEO-RANGE=SDR"] if variant.size_px else []
    attributes.append(f'CODECS="{",".join(codecs)}"')
    if variant.size_px and options.has_resolution:
        attributes.append(f"RESOLUTION={variant.size_px[0]}x{variant.size_px[1]}")
    return attributes


def _yes_no(*, is_yes: bool) -> str:
    return "YES" if is_yes else "NO"
