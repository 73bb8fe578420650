"""The ffmpeg command line of a job: one process that decodes the input once and encodes all renditions. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from mediaconvert_emulator.containers import CONTAINERS
from mediaconvert_emulator.filter_graph import audio_label, filter_graphs, video_label
from mediaconvert_emulator.renditions import Rendition, RenditionPlan, VideoEncoding
from mediaconvert_emulator.spec import AudioSpec, FrameCapture, Group, HlsGroup, SegmentedGroup

FRAGMENTED = "cmaf+delay_moov+skip_trailer"
AUDIO_FRAGMENT_US = 250_000
"""Segments of audio end with a fragment, so they are at most this much longer than those of the video."""
PROGRESS_PERIOD_S = 0.5
SLIDES_FRAME_RATE = 5
"""Below it there are no B-frames: they delay the decoder by whole pictures, and players show a gap as long as that."""
VPX = ("libvpx", "libvpx-vp9")
VPX_SPEED = ["-deadline", "realtime", "-cpu-used", "8"]
BEST_JPEG_QUANTIZER, WORST_JPEG_QUANTIZER = 2, 31
READ_AHEAD_S = 2.0
"""ffmpeg reads this much after the last clip, because packets are not in the order of their times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSettings:
    """The preset of x264 and x265, and the number of threads of the decoder and of each encoder."""

    preset: str
    threads: int


def ffmpeg_arguments(
    plan: RenditionPlan, groups: tuple[Group, ...], *, input_name: str, encoder: EncoderSettings
) -> list[str]:
    """Return ffmpeg's arguments, without the program's name.

    All file names are relative to the job's folder, which is ffmpeg's working directory. So ffmpeg's file name
    templates never contain a character of a path or of a user's file name.
    """
    arguments = ["-hide_banner", "-nostdin", "-loglevel", "warning", "-y"]
    arguments += ["-progress", "pipe:1", "-stats_period", str(PROGRESS_PERIOD_S)]
    arguments += ["-filter_complex_threads", str(encoder.threads), "-threads", str(encoder.threads)]
    arguments += ["-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-display_rotation", "0"]
    if plan.is_clipped:  # the rest of the input isn't read
        arguments += ["-t", f"{float(plan.spans[-1].end_s) + READ_AHEAD_S:.3f}"]
    # The first filter of the graph adapts pictures of another size; ffmpeg would start the graph again.
    arguments += ["-reinit_filter:v", "0", "-i", input_name]
    for name in plan.sidecars.names:
        arguments += ["-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-i", name]
    for graph in filter_graphs(plan):
        arguments += ["-filter_complex", graph]
    # ffmpeg counts the frames of the first video, which is not to be one of a few pictures.
    for rendition in sorted(plan.encoded, key=lambda each: each.capture is not None):
        arguments += _output_arguments(rendition, groups[rendition.group_index], encoder)
    return arguments


def _output_arguments(rendition: Rendition, group: Group, encoder: EncoderSettings) -> list[str]:
    if rendition.capture:
        return _capture_arguments(rendition, rendition.capture)
    arguments: list[str] = []
    if rendition.video:
        arguments += ["-map", f"[{video_label(rendition)}]", *_video_arguments(rendition.video, encoder)]
    for index, audio in enumerate(rendition.audios):
        arguments += ["-map", f"[{audio_label(rendition, index)}]", *_audio_arguments(audio, index)]
    # Without a maximum, ffmpeg waits for the picture of slides, of which the encoder holds back many seconds.
    arguments += ["-max_interleave_delta", "0", "-map_metadata", "-1", "-map_chapters", "-1"]
    if isinstance(group, HlsGroup):
        return arguments + list(_hls_arguments(rendition, group))
    if isinstance(group, SegmentedGroup):
        return arguments + list(_fragment_arguments(rendition))
    output = rendition.output
    return [*arguments, "-f", output.container, *output.container_options, f"{rendition.local_name}.media"]


def _audio_arguments(audio: AudioSpec, index: int) -> Iterator[str]:
    yield from (f"-c:a:{index}", audio.encoder, f"-ar:a:{index}", str(audio.sample_rate_hz))
    yield from (f"-ac:a:{index}", str(audio.channels))
    if audio.bitrate_bps is not None:
        yield from (f"-b:a:{index}", str(audio.bitrate_bps))
    if audio.language:
        yield from (f"-metadata:s:a:{index}", f"language={audio.language}")
    for name, value in audio.encoder_options:
        yield from (f"{name}:a:{index}", value)


def _capture_arguments(rendition: Rendition, capture: FrameCapture) -> list[str]:
    share = (100 - capture.quality_percent) / 99
    quantizer = round(BEST_JPEG_QUANTIZER + share * (WORST_JPEG_QUANTIZER - BEST_JPEG_QUANTIZER))
    return [
        *("-map", f"[{video_label(rendition)}]", "-c:v", "mjpeg", "-q:v", str(quantizer)),
        *("-frames:v", str(capture.max_captures), "-fps_mode", "passthrough", "-map_metadata", "-1"),
        *("-f", "image2", "-start_number", "0", f"{rendition.local_name}.%07d.jpg"),
    ]


def _video_arguments(video: VideoEncoding, encoder: EncoderSettings) -> list[str]:
    spec = video.spec
    gop_frames = ceil(video.frame_rate * video.keyframe_interval_s)
    is_vpx = spec.encoder in VPX
    arguments = ["-c:v", spec.encoder, "-threads:v", str(encoder.threads)]
    arguments += VPX_SPEED if is_vpx else ["-preset", encoder.preset]
    if spec.profile:
        arguments += ["-profile:v", spec.profile]
    if spec.quality_crf is not None:
        arguments += ["-crf", f"{spec.quality_crf:g}"]
    if spec.bitrate_bps is not None:
        arguments += ["-b:v", str(spec.bitrate_bps)]
    if spec.max_bitrate_bps is not None:
        arguments += ["-maxrate", str(spec.max_bitrate_bps), "-bufsize", str(spec.max_bitrate_bps * 2)]
    if spec.encoder == "libx265":
        arguments += ["-tag:v", "hvc1", "-x265-params", f"log-level=error:scenecut=0:pools={encoder.threads}"]
    if spec.encoder == "libx264":
        arguments += ["-a53cc", "0"]  # embedded captions are an output format of their own
    if video.frame_rate < SLIDES_FRAME_RATE and not is_vpx:
        arguments += ["-bf", "0"]
    # Players switch renditions at keyframes, so all renditions have them at the same times, at any frame rate.
    arguments += ["-force_key_frames", f"expr:gte(t,n_forced*{video.keyframe_interval_s:g})"]
    arguments += [] if is_vpx else ["-forced-idr", "1", "-sc_threshold", "0"]
    return [*arguments, "-g", str(gop_frames * 2), *spec.encoder_options]


def _hls_arguments(rendition: Rendition, group: HlsGroup) -> Iterator[str]:
    yield from ("-f", "hls", "-hls_time", f"{rendition.segment_s:g}", "-hls_playlist_type", "vod", "-start_number", "1")
    # Without periodic_rekey ffmpeg encrypts every segment with the first segment's IV instead of its own number.
    flags = "independent_segments"
    flags += "+periodic_rekey" if group.encryption else ""
    yield from ("-hls_flags", flags, "-hls_segment_filename", f"{rendition.local_name}_%05d.ts")
    if group.encryption:
        yield from ("-hls_key_info_file", key_info_name(rendition.group_index))
    yield f"{rendition.local_name}.m3u8"


def _fragment_arguments(rendition: Rendition) -> Iterator[str]:
    """Yield the arguments of one file of fragments, which `SegmentedOutput` cuts into segments."""
    yield from ("-f", "mp4", "-movflags")
    if rendition.video:
        # Rounded to frames, keyframes are a little nearer than the interval, and a fragment ends at the next one.
        least_s = (rendition.fragment_s or 0) - rendition.video.keyframe_interval_s / 2
        yield from (f"{FRAGMENTED}+frag_keyframe", "-min_frag_duration", str(round(least_s * 1_000_000)))
    else:
        yield from (FRAGMENTED, "-frag_duration", str(AUDIO_FRAGMENT_US))
    yield f"{rendition.local_name}.media"


def key_info_name(group_index: int) -> str:
    """Return the name of the key info file of a group, which ffmpeg's HLS muxer reads."""
    return f"{group_index}.keyinfo"


def key_files(groups: tuple[Group, ...]) -> dict[str, bytes]:
    """Return the content of the key files and key info files that ffmpeg reads, by file name."""
    files: dict[str, bytes] = {}
    for index, group in enumerate(groups):
        if isinstance(group, HlsGroup) and group.encryption:
            # The playlist that ffmpeg writes names the local key, so that it can be read like any other stream.
            lines = [f"{index}.key"] * 2 + [*filter(None, [group.encryption.iv_hex])]
            files[key_info_name(index)] = "".join(f"{line}\n" for line in lines).encode()
            files[f"{index}.key"] = group.encryption.key
    return files
