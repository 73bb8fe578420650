"""The outputs of a job, as one `Output`, from the output groups of a COMPLETE event. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from transcode.billing import MadeOutput
from transcode.job import POSTER, Output, OutputFile, Rendition
from worker.messages.payloads import JobDetail, OutputDetails, OutputGroupDetails

_IMAGE = re.compile(r"\.jpe?g$|\.png$")
_NUMBERED = re.compile(r"\.\d{7}\.[^./]+$")

_CAPTIONS = re.compile(r"\.(?:dfxp|itt|scc|smi|srt|stl|ttml|vtt|xml)$")
_MEDIA = re.compile(r"\.(?:aac|ac3|aiff?|ec3|eac3|f4v|flac|gif|m2ts|m4a|mov|mp[234]|mpe?g|mxf|ogg|opus|ts|wav|webm)$")
_PLAYLIST = re.compile(r"\.(?:m3u8|mpd|ism)$")

IMAGE = "image"
STREAMING = ("HLS_GROUP", "CMAF_GROUP", "DASH_ISO_GROUP", "MS_SMOOTH_GROUP")


def output_of(detail: JobDetail) -> Output:
    """Return the outputs. Size and duration are those of the largest picture, or of the longest output without one.

    The output path is the folder of the first playlist, or of the first file if there is no playlist. A caller that
    decided the path itself replaces it. If two groups have a playlist with the same suffix (HLS and CMAF), the earlier
    one of HLS, CMAF, DASH, Smooth Streaming counts, because more players support it.
    """
    groups = sorted(detail.output_group_details, key=_preference)
    playlists = [path for group in groups for path in group.playlist_file_paths]
    outputs = [output for group in groups for output in group.output_details if not _is_still(output)]
    folder = folder_of(detail)
    renditions = [rendition for group in groups for rendition in _renditions(group, folder)]
    largest = max(renditions, key=_pixels, default=None)
    return Output(
        path=folder.removeprefix("s3://").partition("/")[2],
        playlists=_by_suffix(playlists, folder),
        duration_ms=(largest.duration_ms if largest else None) or _longest(outputs),
        width_px=largest.width_px if largest else None,
        height_px=largest.height_px if largest else None,
        renditions=tuple(sorted(_distinct(renditions), key=_pixels, reverse=True)),
        files=_files(detail.output_group_details, folder),
    )


def folder_of(detail: JobDetail) -> str:
    """Return the address of the output path, with its bucket; an empty string if there is no output in a folder."""
    groups = sorted(detail.output_group_details, key=_preference)
    playlists = (path for group in groups for path in group.playlist_file_paths)
    files = (path for group in groups for output in group.output_details for path in output.output_file_paths)
    return _folder(next(playlists, None) or next(files, ""))


def made_outputs(detail: JobDetail) -> Sequence[MadeOutput]:
    """Return the outputs in the order of the event, which is that of the job's settings."""
    return [
        MadeOutput(
            height_px=output.video_details.height_in_px if output.video_details else None,
            duration_ms=output.duration_in_ms,
            is_capture=_is_still(output),
        )
        for group in detail.output_group_details
        for output in group.output_details
    ]


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
            average_bitrate_bps=video.average_bitrate,
        )


def _is_still(output: OutputDetails) -> bool:
    """Return whether the output is a frame capture, whose size and duration are not those of a video.

    MediaConvert numbers its images with seven digits, and a job may choose any extension for them. A video whose own
    name ends with such a number has a bitrate.
    """
    is_video = output.video_details is not None and output.video_details.average_bitrate is not None
    names = [path.lower() for path in output.output_file_paths]
    return any(_IMAGE.search(name) or (not is_video and _NUMBERED.search(name)) for name in names)


def _files(groups: Sequence[OutputGroupDetails], folder: str) -> tuple[OutputFile, ...]:
    """Return the files of the groups without a playlist, in the order of the event. The first picture is the poster.

    A frame capture makes a series of pictures, of which the event names only the last one.
    """
    files: list[OutputFile] = []
    for output in (output for group in groups if group.type not in STREAMING for output in group.output_details):
        for path in output.output_file_paths:
            if _PLAYLIST.search(path.lower()):
                continue
            kind = _kind(output, path.lower())
            is_poster = kind == IMAGE and all(each.kind != POSTER for each in files)
            files.append(OutputFile(kind=POSTER if is_poster else kind, name=_under(folder, path)))
    return tuple(files)


def _kind(output: OutputDetails, path: str) -> str:
    if _CAPTIONS.search(path):
        return "captions"
    if _is_still(output):
        return IMAGE
    if output.video_details is not None:
        return "video"
    return "audio" if _MEDIA.search(path) else "other"


def _distinct(renditions: Sequence[Rendition]) -> list[Rendition]:
    """Return the renditions with a playlist (also two bitrates of one size), and the other sizes once each."""
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
    """Return the URI up to its last slash; an empty string for a file at the bucket's root, or for no URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    parent = key.rpartition("/")[0]
    return f"s3://{bucket}/{parent}/" if parent else ""


def _under(folder: str, uri: str) -> str:
    """Return the file's path below the folder; only its name if it lies elsewhere."""
    return uri.removeprefix(folder) if folder and uri.startswith(folder) else PurePosixPath(uri).name


def _pixels(rendition: Rendition) -> int:
    return rendition.width_px * rendition.height_px


def _longest(outputs: Sequence[OutputDetails]) -> int | None:
    return max((output.duration_in_ms for output in outputs if output.duration_in_ms is not None), default=None)
