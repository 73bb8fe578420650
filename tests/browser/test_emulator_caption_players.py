"""Players show the captions of the emulator's streams at their times, in Chromium, with hls.js and with Shaka."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.played_streams import add_players, download_streams
from tests.emulator_environment import emulator_environment, make_video
from tests.emulator_groups import Settings, aac, group, h264, output, run_groups
from tests.served_files import served_files

DURATION_S = 5
TIMES_S = [(0.5, 1.5), (2.5, 4.5)]
"""The second cue is in more than one segment of the video's length."""
SRT = "1\n00:00:00,500 --> 00:00:01,500\nHello\n\n2\n00:00:02,500 --> 00:00:04,500\nTwo\nlines\n"
TOLERANCE_S = 0.02


def _caption(container: str) -> Settings:
    destination = {"DestinationType": "WEBVTT"}
    caption = {"CaptionSelectorName": "Captions Selector 1", "LanguageCode": "ENG", "DestinationSettings": destination}
    return output(container, NameModifier="_eng", CaptionDescriptions=[caption])


def _hls(to: str, **settings: object) -> Settings:
    video = output("M3U8", video=h264(90), audios=(aac(),), NameModifier="_v")
    return group("Hls", to, video, _caption("M3U8"), SegmentLength=2, MinSegmentLength=0, **settings)


def _cmaf(to: str) -> Settings:
    video = output("CMFC", video=h264(90), NameModifier="_v")
    sound = output("CMFC", audios=(aac(),), NameModifier="_a")
    return group("Cmaf", to, video, sound, _caption("CMFC"), SegmentLength=2, FragmentLength=1)


GROUPS = {
    "large": _hls,
    "matching": lambda to: _hls(to, CaptionSegmentLengthControl="MATCH_VIDEO"),
    "cmaf": _cmaf,
}


@pytest.fixture(scope="module")
def streams(aws_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of a folder with streams that have captions, which one job made, and of the players' page."""
    folder = tmp_path_factory.mktemp("streams")
    add_players(folder)
    (folder / "captions.srt").write_text(SRT)
    with emulator_environment(aws_endpoint) as environment:
        file = {"SourceFile": environment.upload(folder / "captions.srt", "captions.srt")}
        selectors = {"Captions Selector 1": {"SourceSettings": {"SourceType": "SRT", "FileSourceSettings": file}}}
        source = make_video(folder / "f.mp4", size="160x90", duration_s=DURATION_S)
        groups = [make(f"s3://{environment.outputs}/{name}/") for name, make in GROUPS.items()]
        run_groups(environment, source, "", *groups, CaptionSelectors=selectors)
        download_streams(environment, folder)
    with served_files(folder, has_ranges=True) as url:
        yield url


@pytest.mark.parametrize(
    ("name", "player", "manifest"),
    [
        ("large", "hls.js", "m3u8"),
        ("matching", "hls.js", "m3u8"),
        ("cmaf", "hls.js", "m3u8"),
        ("large", "Shaka", "m3u8"),
        ("matching", "Shaka", "m3u8"),
        ("cmaf", "Shaka", "m3u8"),
        ("cmaf", "Shaka", "mpd"),
    ],
)
def test_captions_are_shown_at_their_times(
    streams: str, browser: Browser, name: str, player: str, manifest: str
) -> None:
    """The times count from the first picture. Each cue is there once, also if it is in several segments."""
    page = browser.new_page()
    page.goto(f"{streams}/player.html")
    result = page.evaluate("([name, url]) => play(name, url)", [player, f"{streams}/{name}/f.{manifest}"])
    page.close()

    cues = sorted(result["cues"], key=lambda cue: cue["start_s"])
    assert [cue["text"] for cue in cues] == ["Hello", "Two\nlines"]
    assert {cue["language"][:2] for cue in cues} == {"en"}
    for cue, (start_s, end_s) in zip(cues, TIMES_S, strict=True):
        assert cue["start_s"] - result["start_s"] == pytest.approx(start_s, abs=TOLERANCE_S)
        assert cue["end_s"] - result["start_s"] == pytest.approx(end_s, abs=TOLERANCE_S)
