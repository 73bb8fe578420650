"""What a COMPLETE event says of a job's outputs, made one answer from however many groups of whatever types."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from transcode.job import Output, Rendition
from worker.messages.payloads import JobDetail, OutputDetails, OutputGroupDetails

STREAMING = ("HLS_GROUP", "CMAF_GROUP", "DASH_ISO_GROUP", "MS_SMOOTH_GROUP")


def output_of(detail: JobDetail) -> Output:
    """Return the outputs; size and duration are those of the largest picture, or of the longest output without one.

    The output path is the folder of the first playlist, or of the first file where there is none: the caller knows
    better when it decided the path itself. Where two groups have a playlist of one suffix (HLS and CMAF), the
    earlier of HLS, CMAF, DASH, Smooth Streaming counts, because it is the most widely playable.
    """
    groups = sorted(detail.output_group_details, key=_preference)
    playlists = [path for group in groups for path in group.playlist_file_paths]
    files = [path for group in groups for output in group.output_details for path in output.output_file_paths]
    outputs = [output for group in groups for output in group.output_details]
    folder = _folder((playlists or files or [""])[0])
    renditions = [rendition for group in groups for rendition in _renditions(group, folder)]
    largest = max(renditions, key=_pixels, default=None)
    return Output(
        path=folder.removeprefix("s3://").partition("/")[2],
        playlists=_by_suffix(playlists, folder),
        duration_ms=(largest.duration_ms if largest else None) or _longest(outputs),
        width_px=largest.width_px if largest else None,
        height_px=largest.height_px if largest else None,
        renditions=tuple(sorted(_distinct(renditions), key=_pixels, reverse=True)),
    )


def _preference(group: OutputGroupDetails) -> int:
    return STREAMING.index(group.type) if group.type in STREAMING else len(STREAMING)


def _renditions(group: OutputGroupDetails, folder: str) -> Iterator[Rendition]:
    for output in group.output_details:
        video = output.video_details
        if video is None or video.width_in_px is None or video.height_in_px is None or _is_still(output):
            continue
        playlist = next((path for path in output.output_file_paths if path.endswith(".m3u8")), None)
        yield Rendition(
            width_px=video.width_in_px,
            height_px=video.height_in_px,
            duration_ms=output.duration_in_ms,
            playlist=_under(folder, playlist) if playlist else None,
        )


def _is_still(output: OutputDetails) -> bool:
    """Tell a frame capture, whose size and duration describe no video of ours."""
    return any(path.lower().endswith(".jpg") for path in output.output_file_paths)


def _distinct(renditions: Sequence[Rendition]) -> list[Rendition]:
    """Keep those with a playlist, two bitrates of one size too; the others where their size is not among them."""
    with_playlist = {(each.width_px, each.height_px, each.playlist): each for each in renditions if each.playlist}
    sizes = {(each.width_px, each.height_px) for each in with_playlist.values()}
    others = {(each.width_px, each.height_px): each for each in reversed(renditions) if each.playlist is None}
    return [*with_playlist.values(), *(each for size, each in others.items() if size not in sizes)]


def _by_suffix(playlists: Sequence[str], folder: str) -> Mapping[str, str]:
    by_suffix: dict[str, str] = {}
    for path in playlists:
        if suffix := PurePosixPath(path).suffix:  # DynamoDB refuses an empty name in a map
            by_suffix.setdefault(suffix, _under(folder, path))
    return by_suffix


def _folder(uri: str) -> str:
    """Return the address up to its last slash; nothing for a file at the bucket's root or no address at all."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    parent = key.rpartition("/")[0]
    return f"s3://{bucket}/{parent}/" if parent else ""


def _under(folder: str, uri: str) -> str:
    """Return the file's path in the folder; its bare name where it lies elsewhere."""
    return uri.removeprefix(folder) if folder and uri.startswith(folder) else PurePosixPath(uri).name


def _pixels(rendition: Rendition) -> int:
    return rendition.width_px * rendition.height_px


def _longest(outputs: Sequence[OutputDetails]) -> int | None:
    return max((output.duration_in_ms for output in outputs if output.duration_in_ms is not None), default=None)
