"""The parser reads a job's outputs from a COMPLETE event, for every type of output group."""

import json
from itertools import permutations
from typing import Any

import pytest

from tests.unit.message_parsing import LoadMessage
from transcode.job import Completed, Output
from worker.artifacts import info
from worker.claim import Destination
from worker.job_plan import JobPlan, with_cost
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser

PARSER = MessageParser(input_bucket="clips-in", upload_prefix="uploads/", sanitiser=Sanitiser())
FOLDER = "uploads/5e0c/harbour.mp4_20251122080000-4be1c7/"
MASTER = {".m3u8": "harbour.m3u8"}


def completed(payload: dict[str, Any]) -> Completed:
    """Return the COMPLETE event that the parser reads from a message."""
    [event] = PARSER.parse_events(json.dumps(payload))
    assert isinstance(event, Completed)
    return event


def output_of(load_message: LoadMessage, *groups: dict[str, Any]) -> Output:
    """Return the output that the parser reads from a COMPLETE event with these output groups."""
    payload = load_message("job_complete_hls")
    payload["detail"]["outputGroupDetails"] = list(groups)
    return completed(payload).output


@pytest.mark.parametrize(
    ("name", "playlists", "size", "duration_ms", "path"),
    [
        ("job_complete_hls", MASTER, (1920, 1080), 61_440, FOLDER),
        ("job_complete_hls_audio_first", MASTER, (1280, 720), 61_440, FOLDER),
        ("job_complete_cmaf", {".mpd": "harbour.mpd", ".m3u8": "harbour.m3u8"}, (1280, 534), 61_440, FOLDER),
        ("job_complete_dash", {".mpd": "harbour.mpd"}, (1280, 720), 61_440, FOLDER),
        ("job_complete_smooth", {".ism": "harbour.ism"}, (1280, 720), 61_440, FOLDER),
        ("job_complete_file", {}, (1920, 1080), 61_440, FOLDER),
        ("job_complete_file_first", MASTER, (1920, 1080), 61_440, FOLDER),
        ("job_complete_frame_capture", MASTER, (1280, 720), 61_440, FOLDER),
        ("job_complete_several_groups", {**MASTER, ".mpd": "cmaf.mpd"}, (1920, 1080), 61_440, FOLDER),
        ("job_complete_audio_only", MASTER, (None, None), 61_461, FOLDER),
        ("job_complete_without_output_details", MASTER, (None, None), None, FOLDER),
        ("job_bare", {}, (None, None), 61_440, ""),
    ],
)
def test_each_output_group_type_yields_its_playlists_size_and_duration(
    load_message: LoadMessage,
    name: str,
    playlists: dict[str, str],
    size: tuple[int | None, int | None],
    duration_ms: int | None,
    path: str,
) -> None:
    """The output has the playlists of all groups, and the size and duration of the largest picture in any of them."""
    output = completed(load_message(name)).output
    assert output.playlists == playlists
    assert (output.width_px, output.height_px) == size
    assert output.duration_ms == duration_ms
    assert output.path == path


def test_a_rendition_has_its_average_bitrate_if_the_event_reports_one(load_message: LoadMessage) -> None:
    """MediaConvert has reported it since 2023; older events and some output types lack it."""
    renditions = completed(load_message("job_complete_hls")).output.renditions
    assert [each.average_bitrate_bps for each in renditions] == [4_812_000, None, None]


def test_renditions_are_the_video_outputs_from_large_to_small(load_message: LoadMessage) -> None:
    """Audio and caption outputs are no renditions, and each rendition names its own playlist."""
    shown = [
        (each.width_px, each.height_px, each.playlist)
        for each in completed(load_message("job_complete_hls")).output.renditions
    ]
    assert shown == [
        (1920, 1080, "harbour_1080p.m3u8"),
        (1280, 720, "harbour_720p.m3u8"),
        (640, 360, "harbour_360p.m3u8"),
    ]


def test_the_order_of_groups_and_outputs_changes_nothing(load_message: LoadMessage) -> None:
    """MediaConvert guarantees no order, so an audio output, a 0 by 0 file or a frame capture can come first."""
    groups = [
        *load_message("job_complete_hls_audio_first")["detail"]["outputGroupDetails"],
        *load_message("job_complete_frame_capture")["detail"]["outputGroupDetails"][:2],
        *load_message("job_complete_dash")["detail"]["outputGroupDetails"],
    ]
    outputs = groups[0]["outputDetails"]
    expected = output_of(load_message, *groups)
    for order in permutations(outputs):
        assert output_of(load_message, {**groups[0], "outputDetails": list(order)}, *groups[1:]) == expected
    for arranged in permutations(groups):
        assert output_of(load_message, *arranged) == expected


def test_a_frame_capture_is_not_a_rendition(load_message: LoadMessage) -> None:
    """A still image larger than the video sets neither the video's size nor its duration."""
    renditions = completed(load_message("job_complete_frame_capture")).output.renditions
    assert [(each.width_px, each.height_px, each.duration_ms) for each in renditions] == [(1280, 720, 61_440)]


def test_outputs_of_one_size_in_several_groups_are_one_rendition(load_message: LoadMessage) -> None:
    """HLS, CMAF and file outputs of one size are one rendition, with the HLS playlist."""
    [rendition] = completed(load_message("job_complete_several_groups")).output.renditions
    assert rendition.playlist == "harbour_1080p.m3u8"


def test_outputs_of_one_size_in_one_group_prefer_the_one_with_a_playlist(load_message: LoadMessage) -> None:
    """The order of the outputs doesn't matter."""
    size = {"videoDetails": {"widthInPx": 1280, "heightInPx": 720}}
    outputs = [size, {**size, "outputFilePaths": ["s3://clips-out/a/b.m3u8"]}, {**size, "durationInMs": 5}]
    for order in permutations(outputs):
        [rendition] = output_of(load_message, {"type": "HLS_GROUP", "outputDetails": list(order)}).renditions
        assert rendition.playlist == "b.m3u8"


def test_the_hls_master_playlist_wins_over_the_cmaf_one(load_message: LoadMessage) -> None:
    """A CMAF group has an .m3u8 file as well, and comes first in this event."""
    output = completed(load_message("job_complete_several_groups")).output
    assert output.playlists[".m3u8"] == "harbour.m3u8"


def test_a_picture_without_a_duration_takes_the_longest_duration(load_message: LoadMessage) -> None:
    """MediaConvert reports a duration of 0 if it has none."""
    output = output_of(
        load_message,
        {"outputDetails": [{"durationInMs": 0, "videoDetails": {"widthInPx": 2, "heightInPx": 2}}]},
        {"outputDetails": [{"durationInMs": 900}, {"durationInMs": 1_000}]},
    )
    assert output.duration_ms == 1_000


@pytest.mark.parametrize("bad", [0, -1, None, "1920", 1920.5, True, 10**40])
def test_an_invalid_size_is_left_out(load_message: LoadMessage, bad: object) -> None:
    """The parser drops a size with an invalid side, including a number too large for any picture."""
    output = output_of(load_message, {"outputDetails": [{"videoDetails": {"widthInPx": bad, "heightInPx": 1080}}]})
    assert (output.width_px, output.height_px, output.renditions) == (None, None, ())


def test_a_playlist_without_a_suffix_is_left_out(load_message: LoadMessage) -> None:
    """DynamoDB refuses an empty key in a map, and no client could look the playlist up."""
    assert output_of(load_message, {"playlistFilePaths": ["s3://clips-out/a/harbour"]}).playlists == {}


def test_info_json_contains_the_values_of_the_event(load_message: LoadMessage) -> None:
    """All values come from the event and the claim, so a repeated delivery writes the same bytes."""
    destination = Destination(
        input_file="uploads/5e0c/harbour.mp4", output_path=FOLDER, key_file="harbour.key", key_value="5a" * 16
    )
    info_json = info(destination, completed(load_message("job_complete_audio_only")))
    assert info_json == {
        "duration_ms": 61_461,
        "width_px": None,
        "height_px": None,
        "playlists": {".m3u8": "harbour.m3u8"},
        "job_id": "1763798400123-k3v9qa",
        "input_file": "uploads/5e0c/harbour.mp4",
        "completed_at": "2025-11-22T08:01:00Z",
        "renditions": [],
        "files": [],
    }


def test_info_json_does_not_contain_the_key(load_message: LoadMessage) -> None:
    """Everyone who may play the video can read info.json."""
    destination = Destination(input_file="a.mp4", output_path=FOLDER, key_file="a.key", key_value="5a" * 16)
    assert "5a5a" not in json.dumps(info(destination, completed(load_message("job_complete_hls"))))


def test_two_bitrates_of_one_size_are_two_renditions(load_message: LoadMessage) -> None:
    """Playlists distinguish two renditions of one size; a copy without a playlist in another group adds none."""
    video = {"widthInPx": 1280, "heightInPx": 720}
    rungs = [{"outputFilePaths": [f"s3://b/o/c_{rung}.m3u8"], "videoDetails": video} for rung in ("hi", "lo")]
    hls = {"type": "HLS_GROUP", "playlistFilePaths": ["s3://b/o/c.m3u8"], "outputDetails": rungs}
    cmaf = {
        "type": "CMAF_GROUP",
        "playlistFilePaths": ["s3://b/o/1/c.mpd", "s3://b/o/1/c.m3u8"],
        "outputDetails": [{"videoDetails": video}],
    }
    output = output_of(load_message, cmaf, hls)
    assert [rendition.playlist for rendition in output.renditions] == ["c_hi.m3u8", "c_lo.m3u8"]
    assert output.playlists == {".m3u8": "c.m3u8", ".mpd": "1/c.mpd"}


@pytest.mark.parametrize(
    ("path", "bitrate", "is_picture"),
    [
        ("frames.0000036.jpg", None, False),
        ("frames.0000036.JPEG", None, False),
        ("frames.0000036.image", None, False),
        ("frames.0000036.mp4", None, False),
        ("frames.png", 5, False),
        ("clip.0000001.mp4", 5_000, True),
        ("clip.2026.mp4", None, True),
    ],
)
def test_a_frame_capture_is_no_video_whatever_its_extension(
    load_message: LoadMessage, path: str, bitrate: int | None, *, is_picture: bool
) -> None:
    """Its images are numbered with seven digits, and it has no bitrate."""
    video = {"widthInPx": 4000, "heightInPx": 3000, "averageBitrate": bitrate}
    capture = {"outputFilePaths": [f"s3://clips-out/{FOLDER}{path}"], "durationInMs": 185_000, "videoDetails": video}
    output = output_of(load_message, {"type": "FILE_GROUP", "outputDetails": [capture]})
    assert output.width_px == (4000 if is_picture else None)


def file_group(*outputs: dict[str, Any]) -> dict[str, Any]:
    """Return the details of a file group."""
    return {"type": "FILE_GROUP", "outputDetails": list(outputs)}


def file_output(name: str, **details: object) -> dict[str, Any]:
    """Return the details of an output that wrote this file below the job's folder."""
    return {"outputFilePaths": [f"s3://clips-out/{FOLDER}{name}"], "durationInMs": 6_000, **details}


HLS_GROUP = {
    "type": "HLS_GROUP",
    "playlistFilePaths": [f"s3://clips-out/{FOLDER}harbour.m3u8"],
    "outputDetails": [
        {
            "outputFilePaths": [f"s3://clips-out/{FOLDER}harbour_720p.m3u8"],
            "durationInMs": 1_000,
            "videoDetails": {"widthInPx": 1280, "heightInPx": 720, "averageBitrate": 1},
        }
    ],
}
PICTURE = {"videoDetails": {"widthInPx": 1280, "heightInPx": 720}}
VIDEO = {"videoDetails": {"widthInPx": 640, "heightInPx": 360, "averageBitrate": 1}}


def test_files_are_the_outputs_of_the_groups_without_a_playlist(load_message: LoadMessage) -> None:
    """The first captured picture is the poster, whatever its extension and its group's place."""
    groups = [
        file_group(
            file_output("guarded-files/0/harbour_poster.0000001.img", **PICTURE),
            file_output("guarded-files/0/harbour_sheet.0000031.jpg", **PICTURE),
        ),
        HLS_GROUP,
        file_group(
            file_output("guarded-files/2/harbour.mp4", **VIDEO),
            file_output("guarded-files/2/harbour.m4a"),
            file_output("guarded-files/2/harbour.vtt"),
            file_output("guarded-files/2/harbour_loudness.csv"),
        ),
    ]
    output = output_of(load_message, *groups)
    assert [(each.kind, each.name.removeprefix("guarded-files/")) for each in output.files] == [
        ("poster", "0/harbour_poster.0000001.img"),
        ("image", "0/harbour_sheet.0000031.jpg"),
        ("video", "2/harbour.mp4"),
        ("audio", "2/harbour.m4a"),
        ("captions", "2/harbour.vtt"),
        ("other", "2/harbour_loudness.csv"),
    ]
    assert output.poster == output.files[0]


def test_captured_pictures_change_neither_the_length_nor_the_clip(load_message: LoadMessage) -> None:
    """Their length is the number of the pictures times the interval, which may exceed the video's."""
    payload = load_message("job_complete_hls")
    payload["detail"]["outputGroupDetails"] = [
        HLS_GROUP,
        file_group(file_output("guarded-files/1/harbour_poster.0000001.jpg", **PICTURE)),
    ]
    event = completed(payload)
    assert event.output.duration_ms == 1_000
    assert [each.is_capture for each in event.made] == [False, True]
    plan = JobPlan(formats=[None, None], clip_ms=3_000)
    assert with_cost(event, plan, price_usd=None).warnings == event.warnings


def test_an_output_of_hls_is_no_file(load_message: LoadMessage) -> None:
    """Its files are those of a playlist."""
    assert completed(load_message("job_complete_hls")).output.files == ()
