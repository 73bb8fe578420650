"""ffmpeg's filter graphs of a job: each track is decoded once, and all renditions share it. Pure.

The graphs make every track as long as the job's output. Where a track begins later or ends earlier than the longest
one, they hold the first or the last picture, or add silence. Then they cut and join the clips.
"""

from collections.abc import Iterator
from fractions import Fraction

from mediaconvert_emulator.audio_tracks import channels_of, stream_of, unmixed_channels
from mediaconvert_emulator.clippings import Span
from mediaconvert_emulator.input_spec import AudioSource, Remix
from mediaconvert_emulator.media import AudioStream, TrackRange, VideoStream
from mediaconvert_emulator.remixing import remix_filter, unmixed_filter
from mediaconvert_emulator.renditions import Rendition, RenditionPlan, VideoEncoding

ROTATION_FILTERS = {0: [], 90: ["transpose=clock"], 180: ["hflip", "vflip"], 270: ["transpose=cclock"]}
TRANSFERS = {"PQ": "smpte2084", "HLG": "arib-std-b67", "SDR": "bt709"}
MAX_GAP_S = 0.1
"""Players don't notice shorter silence at the start or end of a track."""
JPEG = "scale=out_range=pc:out_color_matrix=bt601"
"""The colours of JPEG files (JFIF), which name no others."""
SILENCE = "anullsrc=r=48000:cl=stereo"
BT709 = "zscale=p=bt709:t=bt709:m=bt709:r=tv"


def video_label(rendition: Rendition) -> str:
    """Return the label of a rendition's picture."""
    return f"v{rendition.local_name}"


def audio_label(rendition: Rendition, index: int) -> str:
    """Return the label of a rendition's audio track; `index` is its place in the rendition."""
    return f"a{rendition.local_name}-{index}"


def filter_graphs(plan: RenditionPlan) -> list[str]:
    """Return one graph for the pictures and one for each audio track.

    ffmpeg starts a graph again when the sound changes, for example from mono to stereo. Other graphs go on.
    """
    return [graph for graph in (";".join(_video_chains(plan)), *_audio_graphs(plan)) if graph]


def _video_chains(plan: RenditionPlan) -> Iterator[str]:
    renditions = [(rendition, rendition.video) for rendition in plan.renditions if rendition.video]
    source = plan.media.video
    if not renditions or source is None:
        return
    first = f"[0:{source.stream_id - 1}]{','.join(_common_picture_filters(plan, source))}"
    parts = [_trimmed_pictures(span, source.frame_rate) for span in plan.spans]
    yield from _cut(first, parts, kind="v", labels=[f"in{rendition.local_name}" for rendition, _ in renditions])
    for rendition, video in renditions:
        filters = ",".join(_picture_filters(video, source))
        yield f"[in{rendition.local_name}]{filters}[{video_label(rendition)}]"


def _trimmed_pictures(span: Span, frame_rate: Fraction) -> str:
    first, end = round(span.start_s * frame_rate), round(span.end_s * frame_rate)
    shift = f",setpts=PTS-{first}" if first else ""
    return f"trim=start_pts={first}:end_pts={max(end, first + 1)}{shift}"


def _audio_graphs(plan: RenditionPlan) -> Iterator[str]:
    """Yield one graph for each sound and remix.

    Without a graph of its own, a remix would get the channels that another output needs, not those of the source.
    """
    outputs: dict[tuple[AudioSource, Remix | None], list[str]] = {}
    for rendition in plan.renditions:
        for index, audio in enumerate(rendition.audios):
            outputs.setdefault((audio.source, audio.remix), []).append(audio_label(rendition, index))
    for (source, remix), labels in outputs.items():
        parts = [_trimmed_sound(span) for span in plan.spans]
        yield ";".join(_cut(",".join(_whole_sound(plan, source, remix)), parts, kind="a", labels=labels))


def _whole_sound(plan: RenditionPlan, source: AudioSource, remix: Remix | None) -> Iterator[str]:
    yield _sound(plan, source, "part", is_joined=False)
    if remix:
        yield remix_filter(remix, channels_of(source, plan.media, plan.sidecars))


def _sound(plan: RenditionPlan, source: AudioSource, label: str, *, is_joined: bool) -> str:
    """Return the chains of a source. The last one is open; the others end in labels that begin with `label`."""
    if source.joined:
        names = [f"{label}{number}" for number, _ in enumerate(source.joined)]
        chains = [
            f"{_sound(plan, part, f'{name}-', is_joined=True)}[{name}]"
            for part, name in zip(source.joined, names, strict=True)
        ]
        merged = "".join(f"[{name}]" for name in names) + f"amerge=inputs={len(names)}:layout_mode=reset"
        filters = [";".join([*chains, merged])]
    elif source.tracks:
        stream = stream_of(source, plan.media, plan.sidecars)
        track = f"[{plan.sidecars.input_number(source.uri)}:{stream.stream_id - 1}]"
        filters = [track + ",".join(_common_sound_filters(plan, source, stream, is_joined=is_joined))]
        if is_joined:
            filters.append(unmixed_filter(stream.channels))  # amerge doesn't negotiate layouts with aresample
    else:
        filters = [SILENCE]
    if source.remix:
        filters.append(remix_filter(source.remix, unmixed_channels(source, plan.media, plan.sidecars)))
    return ",".join(filters)


def _trimmed_sound(span: Span) -> str:
    shift = f",asetpts=PTS-{float(span.start_s):.6f}/TB" if span.start_s else ""
    return f"atrim=start={float(span.start_s):.6f}:end={float(span.end_s):.6f}{shift}"


def _common_sound_filters(
    plan: RenditionPlan, source: AudioSource, stream: AudioStream, *, is_joined: bool
) -> Iterator[str]:
    # Both fillers would act again after a change of the sound, so they are only where they are needed.
    begins_late = _begins_late(stream.range) or source.offset_ms
    yield "aresample=async=1:first_pts=0" if begins_late else "aresample=async=1"
    if source.offset_ms > 0:
        yield f"adelay={source.offset_ms}:all=1"
    elif source.offset_ms < 0:
        yield f"atrim=start={-source.offset_ms / 1000:.3f},asetpts=PTS-STARTPTS"
    # Joined tracks end with the one that ends first.
    if plan.spans and (is_joined or _ends_early(stream.range, plan, source.offset_ms)):
        yield "apad"


def _begins_late(track: TrackRange | None) -> bool:
    return track is None or track.start_s > MAX_GAP_S


def _ends_early(track: TrackRange | None, plan: RenditionPlan, offset_ms: int) -> bool:
    if track is None or plan.media.duration_s is None:
        return True
    return track.end_s + offset_ms / 1000 < plan.media.duration_s - MAX_GAP_S


def _cut(first: str, parts: list[str], *, kind: str, labels: list[str]) -> Iterator[str]:
    """Yield the chains that cut a track into parts, join them, and copy the result to each label."""
    is_audio = kind.startswith("a")
    split = "asplit" if is_audio else "split"
    copies = f"{split}={len(labels)}" + "".join(f"[{label}]" for label in labels)
    if len(parts) <= 1:
        yield ",".join([first, *parts, copies])
        return
    whole = [f"{kind}whole{n}" for n in range(len(parts))]
    cut = [f"{kind}cut{n}" for n in range(len(parts))]
    yield f"{first},{split}={len(parts)}" + "".join(f"[{label}]" for label in whole)
    for before, part, after in zip(whole, parts, cut, strict=True):
        yield f"[{before}]{part}[{after}]"
    streams = "v=0:a=1" if is_audio else "v=1:a=0"
    yield "".join(f"[{label}]" for label in cut) + f"concat=n={len(parts)}:{streams},{copies}"


def _common_picture_filters(plan: RenditionPlan, source: VideoStream) -> Iterator[str]:
    # A recording may change its size. Only this filter accepts that, so it comes first; else it does nothing.
    yield f"scale={source.width_px}:{source.height_px}"
    if source.is_interlaced:
        yield "bwdif=mode=send_frame:deint=interlaced"
    yield f"fps={source.frame_rate}:start_time=0"
    yield from ROTATION_FILTERS[plan.rotation_degrees]
    if plan.spans:
        yield "tpad=stop=-1:stop_mode=clone"


def _picture_filters(video: VideoEncoding, source: VideoStream) -> Iterator[str]:
    (width, height), (framed_width, framed_height) = video.picture.scaled, video.picture.framed
    if video.spec.capture:
        yield f"fps={video.frame_rate}:round=up"  # the picture that a player shows at each time
    elif video.frame_rate != source.frame_rate:
        yield f"fps={video.frame_rate}"
    if crop := video.picture.crop:
        yield f"crop={crop.width}:{crop.height}:{crop.x}:{crop.y}:exact=1"
    matrix = ":out_color_matrix=bt709" if source.color_format == "RGB" else ""
    yield f"scale={width}:{height}:out_range=tv{matrix}"
    if position := video.picture.position:
        yield f"pad={framed_width}:{framed_height}:{position.x}:{position.y}"
    elif width > framed_width or height > framed_height:
        yield f"crop={framed_width}:{framed_height}"
    elif (width, height) != (framed_width, framed_height):
        yield f"pad={framed_width}:{framed_height}:-1:-1"
    yield from _color_filters(source)
    if video.spec.capture:
        yield JPEG
    yield "setsar=1"
    yield "format=yuv420p"


def _color_filters(source: VideoStream) -> Iterator[str]:
    """Yield the filters that convert high dynamic range and BT.2020 colours to BT.709, which 8-bit outputs have."""
    if source.dynamic_range == "SDR" and not source.has_wide_gamut:
        return
    declared = f"min=bt2020nc:pin=bt2020:tin={TRANSFERS[source.dynamic_range]}"
    if source.dynamic_range == "SDR":
        yield f"{BT709}:{declared}"
        return
    yield f"zscale=t=linear:npl=100:{declared}"
    yield "format=gbrpf32le"
    yield "zscale=p=bt709"
    yield "tonemap=tonemap=hable:desat=0"
    yield BT709
