"""What a COMPLETE event says of a job's outputs, whatever groups it has."""

import json
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from transcode.job import Completed, Output
from worker.artifacts import info
from worker.claim import Destination
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser

READER = MessageParser(input_bucket="clips-in", upload_prefix="uploads/", sanitiser=Sanitiser())
FOLDER = "uploads/5e0c/harbour.mp4_20251122080000-4be1c7/"
MASTER = {".m3u8": "harbour.m3u8"}

Message = Callable[[str], dict[str, Any]]


def completed(payload: dict[str, Any]) -> Completed:
    """The COMPLETE event that the message is."""
    [event] = READER.read(json.dumps(payload))
    assert isinstance(event, Completed)
    return event


def output_of(message: Message, *groups: dict[str, Any]) -> Output:
    """What a COMPLETE event with these groups says."""
    payload = message("job_complete_hls")
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
def test_every_kind_of_job_gives_what_it_has(
    message: Message,
    name: str,
    playlists: dict[str, str],
    size: tuple[int | None, int | None],
    duration_ms: int | None,
    path: str,
) -> None:
    """Playlists of every group; size and length of the largest picture, wherever among the outputs it stands."""
    output = completed(message(name)).output
    assert output.playlists == playlists
    assert (output.width_px, output.height_px) == size
    assert output.duration_ms == duration_ms
    assert output.path == path


def test_a_rendition_has_its_average_bitrate_if_the_event_reports_one(message: Message) -> None:
    """MediaConvert has reported it since 2023; older events and some output types lack it."""
    renditions = completed(message("job_complete_hls")).output.renditions
    assert [each.average_bitrate_bps for each in renditions] == [4_812_000, None, None]


def test_renditions_are_the_pictures_from_large_to_small(message: Message) -> None:
    """Audio and captions are none; each has the playlist of its own."""
    shown = [
        (each.width_px, each.height_px, each.playlist)
        for each in completed(message("job_complete_hls")).output.renditions
    ]
    assert shown == [
        (1920, 1080, "harbour_1080p.m3u8"),
        (1280, 720, "harbour_720p.m3u8"),
        (640, 360, "harbour_360p.m3u8"),
    ]


def test_the_order_of_groups_and_outputs_changes_nothing(message: Message) -> None:
    """MediaConvert promises none: audio, a 0 by 0 file and a frame capture can stand first."""
    groups = [
        *message("job_complete_hls_audio_first")["detail"]["outputGroupDetails"],
        *message("job_complete_frame_capture")["detail"]["outputGroupDetails"][:2],
        *message("job_complete_dash")["detail"]["outputGroupDetails"],
    ]
    outputs = groups[0]["outputDetails"]
    expected = output_of(message, *groups)
    for order in permutations(outputs):
        assert output_of(message, {**groups[0], "outputDetails": list(order)}, *groups[1:]) == expected
    for arranged in permutations(groups):
        assert output_of(message, *arranged) == expected


def test_a_frame_capture_is_no_rendition(message: Message) -> None:
    """A still larger than the video gives neither its size nor its length."""
    renditions = completed(message("job_complete_frame_capture")).output.renditions
    assert [(each.width_px, each.height_px, each.duration_ms) for each in renditions] == [(1280, 720, 61_440)]


def test_of_equal_pictures_the_playable_one_is_shown(message: Message) -> None:
    """HLS, CMAF and a file of one size are one rendition, with HLS's playlist."""
    [rendition] = completed(message("job_complete_several_groups")).output.renditions
    assert rendition.playlist == "harbour_1080p.m3u8"


def test_of_equal_pictures_in_one_group_the_one_with_a_playlist_is_shown(message: Message) -> None:
    """Whichever of them comes first."""
    size = {"videoDetails": {"widthInPx": 1280, "heightInPx": 720}}
    outputs = [size, {**size, "outputFilePaths": ["s3://clips-out/a/b.m3u8"]}, {**size, "durationInMs": 5}]
    for order in permutations(outputs):
        [rendition] = output_of(message, {"type": "HLS_GROUP", "outputDetails": list(order)}).renditions
        assert rendition.playlist == "b.m3u8"


def test_of_two_master_playlists_hls_counts(message: Message) -> None:
    """CMAF brings an .m3u8 as well, and stands first here."""
    output = completed(message("job_complete_several_groups")).output
    assert output.playlists[".m3u8"] == "harbour.m3u8"


def test_the_length_of_a_picture_without_one_is_the_longest(message: Message) -> None:
    """A duration of 0 is MediaConvert's way to say that there is none."""
    output = output_of(
        message,
        {"outputDetails": [{"durationInMs": 0, "videoDetails": {"widthInPx": 2, "heightInPx": 2}}]},
        {"outputDetails": [{"durationInMs": 900}, {"durationInMs": 1_000}]},
    )
    assert output.duration_ms == 1_000


@pytest.mark.parametrize("bad", [0, -1, None, "1920", 1920.5, True, 10**40])
def test_a_size_that_is_none_is_left_out(message: Message, bad: object) -> None:
    """Half a size is no size, and neither is one that no picture has."""
    output = output_of(message, {"outputDetails": [{"videoDetails": {"widthInPx": bad, "heightInPx": 1080}}]})
    assert (output.width_px, output.height_px, output.renditions) == (None, None, ())


def test_a_playlist_without_a_suffix_is_left_out(message: Message) -> None:
    """DynamoDB refuses an empty name in a map, and nobody could ask for it."""
    assert output_of(message, {"playlistFilePaths": ["s3://clips-out/a/harbour"]}).playlists == {}


def test_info_json_says_what_the_event_says(message: Message) -> None:
    """All of it comes from the event and the claim, so that a repeated delivery writes the same bytes."""
    destination = Destination(
        input_file="uploads/5e0c/harbour.mp4", output_path=FOLDER, key_file="harbour.key", key_value="5a" * 16
    )
    said = info(destination, completed(message("job_complete_audio_only")))
    assert said == {
        "duration_ms": 61_461,
        "width_px": None,
        "height_px": None,
        "playlists": {".m3u8": "harbour.m3u8"},
        "job_id": "1763798400123-k3v9qa",
        "input_file": "uploads/5e0c/harbour.mp4",
        "completed_at": "2025-11-22T08:01:00Z",
        "renditions": [],
    }


def test_info_json_never_has_the_key(message: Message) -> None:
    """The file lies beside the playlists, for anyone who may play."""
    destination = Destination(input_file="a.mp4", output_path=FOLDER, key_file="a.key", key_value="5a" * 16)
    assert "5a5a" not in json.dumps(info(destination, completed(message("job_complete_hls"))))


def test_two_bitrates_of_one_size_are_two_renditions(message: Message) -> None:
    """A ladder's rungs are told apart by their playlists; a copy without one, of another group, adds nothing."""
    video = {"widthInPx": 1280, "heightInPx": 720}
    rungs = [{"outputFilePaths": [f"s3://b/o/c_{rung}.m3u8"], "videoDetails": video} for rung in ("hi", "lo")]
    hls = {"type": "HLS_GROUP", "playlistFilePaths": ["s3://b/o/c.m3u8"], "outputDetails": rungs}
    cmaf = {
        "type": "CMAF_GROUP",
        "playlistFilePaths": ["s3://b/o/1/c.mpd", "s3://b/o/1/c.m3u8"],
        "outputDetails": [{"videoDetails": video}],
    }
    output = output_of(message, cmaf, hls)
    assert [rendition.playlist for rendition in output.renditions] == ["c_hi.m3u8", "c_lo.m3u8"]
    assert output.playlists == {".m3u8": "c.m3u8", ".mpd": "1/c.mpd"}
