"""Reads the properties of a media file with PyAV. Only child processes import this module (`probe_child`)."""

from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error

from mediaconvert_emulator.containers import CONTAINERS
from mediaconvert_emulator.media import AudioStream, DynamicRange, Media, TrackFault, UnusableVideo, VideoStream
from mediaconvert_emulator.track_times import TrackTimes, media_duration_s

FRAMES_DECODED = {"video": 3, "audio": 1}
"""The number of frames to decode of each track. Only decoding shows that a track can be used, and its interlacing."""
MAX_PACKETS_DECODED = 600
TS_DISCONTINUOUS = 0x0200
TRANSFERS: dict[int, DynamicRange] = {16: "PQ", 18: "HLG"}
WIDE_PRIMARIES = 9
INDEXED_FORMAT = "mp4"
MISSING_END_S = 0.5


class Unreadable(Exception):  # noqa: N818 (the name is a finding, not a fault of the program)
    """The file is not a media file, or is broken; the message contains no path."""


def probe(path: Path) -> Media:
    """Return the properties of the file at `path`, after reading all of its packets.

    Raises:
        Unreadable: The file is not a media file, or is broken.
    """
    try:
        with av.open(str(path), options={"format_whitelist": CONTAINERS}) as container:
            tracks = [
                _Track(s, TrackTimes(s.time_base or Fraction(1, 1000))) for s in container.streams if _is_track(s)
            ]
            if not tracks:
                raise Unreadable("No video or audio stream found")
            _read_packets(container, {track.stream.index: track for track in tracks})
            return _media(container, tracks)
    except (av.error.FFmpegError, ValueError) as error:
        raise Unreadable(getattr(error, "strerror", None) or "Invalid data found") from error


def _is_track(stream: Any) -> bool:  # noqa: ANN401 (PyAV's streams have no common type)
    is_cover = stream.type == "video" and stream.disposition & av.stream.Disposition.attached_pic
    return stream.type in FRAMES_DECODED and not is_cover


@dataclass(slots=True)
class _Track:
    stream: Any
    times: TrackTimes
    frames: list[Any] = field(default_factory=list)
    packets_decoded: int = 0

    @property
    def context(self) -> Any:  # noqa: ANN401 (PyAV's contexts have no common type)
        return self.stream.codec_context

    @property
    def codec(self) -> str:
        return self.context.name if self.context else "unknown"

    @property
    def needs_frames(self) -> bool:
        wanted = FRAMES_DECODED[self.stream.type]
        return bool(self.context) and len(self.frames) < wanted and self.packets_decoded < MAX_PACKETS_DECODED

    @property
    def fault(self) -> TrackFault | None:
        if not self.times.count:
            return TrackFault.EMPTY
        if self.context is None:
            return TrackFault.CODEC_UNSUPPORTED
        return None if self.frames else TrackFault.UNDECODABLE

    def decode(self, packet: Any) -> None:  # noqa: ANN401 (PyAV's packets, or None for the end)
        self.packets_decoded += 1
        with suppress(av.error.FFmpegError, ValueError):  # the next packet may be better
            self.frames += self.context.decode(packet)


def _read_packets(container: Any, tracks: dict[int, _Track]) -> None:  # noqa: ANN401 (PyAV's container)
    may_jump = bool(container.format.flags & TS_DISCONTINUOUS)
    with suppress(av.error.FFmpegError):  # the packets before the broken one count
        for packet in container.demux():
            track = tracks.get(packet.stream_index)
            if track is None or packet.size == 0:
                continue
            if may_jump and (jump_s := track.times.jump_s(packet.dts)):
                for other in tracks.values():
                    other.times.shift_back(jump_s)
            track.times.add(packet.pts, packet.dts, packet.duration)
            if track.needs_frames:
                track.decode(packet)
    for track in tracks.values():
        if track.needs_frames:
            track.decode(None)


def _media(container: Any, tracks: list[_Track]) -> Media:  # noqa: ANN401 (PyAV's container)
    start_s = Fraction(container.start_time or 0, av.time_base)
    videos = [track for track in tracks if track.stream.type == "video"]
    timecode = container.metadata.get("timecode")
    usable = next((track for track in videos if track.fault is None), None)
    video = _video(usable, start_s, timecode) if usable else None
    audios = tuple(_audio(track, start_s) for track in tracks if track.stream.type == "audio")
    duration_s = media_duration_s(
        video.range if video else None, [audio.range for audio in audios if audio.range and not audio.fault]
    )
    return Media(
        container=container.format.name,
        duration_s=duration_s,
        video=video,
        audios=audios,
        unusable_videos=tuple(
            UnusableVideo(stream_id=track.stream.index + 1, codec=track.codec, fault=track.fault)
            for track in videos
            if track.fault
        ),
        is_truncated=_is_truncated(container, duration_s),
    )


def _is_truncated(container: Any, duration_s: float | None) -> bool:  # noqa: ANN401 (PyAV's container)
    """Return whether a file of the MP4 family has less than its index says; other containers only estimate."""
    if duration_s is None or not container.duration or INDEXED_FORMAT not in container.format.name:
        return False
    return bool(container.duration / av.time_base - duration_s > MISSING_END_S)


def _video(track: _Track, start_s: Fraction, file_timecode: str | None) -> VideoStream:
    stream, context, frame = track.stream, track.context, track.frames[0]
    transfer, primaries = int(frame.color_trc or 0), int(frame.color_primaries or 0)
    frame_rate = track.times.frame_rate(stream.average_rate or stream.guessed_rate)
    return VideoStream(
        stream_id=stream.index + 1,
        codec=context.name,
        four_cc=context.codec_tag.strip("\0") if context.codec_tag.isprintable() else "",
        width_px=frame.width,
        height_px=frame.height,
        pixel_aspect=stream.sample_aspect_ratio or context.sample_aspect_ratio or Fraction(1),
        rotation_degrees=rotation_degrees(frame),
        frame_rate=frame_rate,
        bit_depth=max((part.bits for part in frame.format.components), default=8),
        color_format=_color_format(frame.format.name),
        is_interlaced=interlacing(track.frames),
        dynamic_range=TRANSFERS.get(transfer, "SDR"),
        has_wide_gamut=primaries == WIDE_PRIMARIES,
        range=track.times.range(start_s, frame_rate),
        timecode=stream.metadata.get("timecode") or file_timecode,
    )


def _audio(track: _Track, start_s: Fraction) -> AudioStream:
    context = track.context
    return AudioStream(
        stream_id=track.stream.index + 1,
        codec=track.codec,
        channels=context.layout.nb_channels if context else 0,
        sample_rate_hz=context.sample_rate if context else 0,
        language=track_language(track.stream).upper(),
        fault=track.fault,
        range=track.times.range(start_s),
    )


def rotation_degrees(frame: Any) -> int:  # noqa: ANN401 (PyAV's frames)
    """Return the clockwise rotation that a player applies; PyAV's is anticlockwise, like the display matrix."""
    return int(round(-frame.rotation / 90) * 90 % 360)


def interlacing(frames: list[Any]) -> bool:
    """Return whether a picture of these is interlaced."""
    return any(frame.interlaced_frame for frame in frames)


def track_language(stream: Any) -> str:  # noqa: ANN401 (PyAV's streams)
    """Return the language of a track: its code of ISO 639-2, or `und`."""
    return stream.metadata.get("language") or "und"


def _color_format(pixel_format: str) -> str:
    for digits, name in (("420", "YUV_420"), ("422", "YUV_422"), ("444", "YUV_444"), ("rgb", "RGB"), ("gbr", "RGB")):
        if digits in pixel_format:
            return name
    return "UNKNOWN"
