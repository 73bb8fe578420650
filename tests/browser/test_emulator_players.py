"""Each kind of stream that the emulator makes plays to its end in Chromium, with hls.js and with Shaka."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.played_streams import add_players, download_streams
from tests.emulator_environment import KEY_HEX, emulator_environment, make_video
from tests.emulator_groups import Settings, aac, group, h264, output, run_groups
from tests.served_files import served_files

DURATION_S = 5
ENCRYPTION = {
    "EncryptionMethod": "AES128",
    "Type": "STATIC_KEY",
    "StaticKeyProvider": {"StaticKeyValue": KEY_HEX, "Url": "video.key"},
}


def _hls(destination: str, *, has_keyframes: bool = False, **settings: object) -> Settings:
    options = {"HlsSettings": {"IFrameOnlyManifest": "INCLUDE"}} if has_keyframes else {}
    outputs = [
        output("M3U8", video=h264(height), audios=(aac(),), NameModifier=f"_{height}p", OutputSettings=options)
        for height in (180, 90)
    ]
    return group("Hls", destination, *outputs, SegmentLength=2, MinSegmentLength=0, **settings)


def _tracks(kind: str, container: str, destination: str, *, end: str = "", **settings: object) -> Settings:
    outputs = [output(container, video=h264(height), NameModifier=f"_{height}p{end}") for height in (180, 90)]
    sound = output(container, audios=(aac(),), NameModifier=f"_sound{end}")
    return group(kind, destination, *outputs, sound, **{"SegmentLength": 2, "FragmentLength": 1} | settings)


SINGLE: dict[str, Any] = {"SegmentControl": "SINGLE_FILE"}
TIMELINE = {"WriteSegmentTimelineInRepresentation": "ENABLED"}
GROUPS: dict[str, Callable[[str], Settings]] = {
    "hls-segments": lambda to: _hls(to, has_keyframes=True),
    "hls-file": lambda to: _hls(to, **SINGLE),
    "hls-encrypted": lambda to: _hls(to, Encryption=ENCRYPTION),
    "cmaf-segments": lambda to: _tracks("Cmaf", "CMFC", to),
    "cmaf-file": lambda to: _tracks("Cmaf", "CMFC", to, **SINGLE),
    "dash-segments": lambda to: _tracks("DashIso", "MPD", to),
    "dash-timeline": lambda to: _tracks("DashIso", "MPD", to, **TIMELINE),
    "dash-numbers": lambda to: _tracks("DashIso", "MPD", to, end="_$Number$"),
    "dash-times": lambda to: _tracks("DashIso", "MPD", to, end="_$Time$"),
    "dash-file": lambda to: _tracks("DashIso", "MPD", to, **SINGLE, MpdProfile="ON_DEMAND_PROFILE"),
}
PLAYED = [
    (name, player, manifest)
    for name in GROUPS
    for player, manifest in (("hls.js", "m3u8"), ("Shaka", "m3u8"), ("Shaka", "mpd"))
    if (manifest == "mpd" and not name.startswith("hls")) or (manifest == "m3u8" and not name.startswith("dash"))
]


@pytest.fixture(scope="module")
def streams(aws_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of a folder with a stream of each kind, which one job made, and of the players' page."""
    folder = tmp_path_factory.mktemp("streams")
    add_players(folder)
    with emulator_environment(aws_endpoint) as environment:
        source = make_video(folder / "f.mp4", size="320x180", duration_s=DURATION_S)
        groups = [make(f"s3://{environment.outputs}/{name}/") for name, make in GROUPS.items()]
        run_groups(environment, source, "", *groups)
        download_streams(environment, folder)
    (folder / "hls-encrypted" / "video.key").write_bytes(bytes.fromhex(KEY_HEX))
    with served_files(folder, has_ranges=True) as url:
        yield url


@pytest.mark.parametrize(("name", "player", "manifest"), PLAYED)
def test_a_stream_plays_to_its_end(streams: str, browser: Browser, name: str, player: str, manifest: str) -> None:
    """The picture has a size, the sound decodes, and the end is that of the input."""
    page = browser.new_page()
    page.goto(f"{streams}/player.html")
    result = page.evaluate("([name, url]) => play(name, url)", [player, f"{streams}/{name}/f.{manifest}"])
    page.close()

    assert result["duration_s"] == pytest.approx(DURATION_S, abs=0.15)
    assert result["played_s"] == pytest.approx(result["duration_s"], abs=0.1)
    assert result["width_px"] in (160, 320)
    assert result["sound_bytes"] > 0
