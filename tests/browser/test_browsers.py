"""The page in Chromium, Firefox and WebKit: the same tests, each with a hard deadline.

`make test-browsers` runs them in all three. Other runs use Chromium alone. TEST_BROWSERS names the browsers.
"""

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType

import pytest
from playwright.sync_api import Browser

from tests.fake_issuer import little_issuer
from tests.playback_server import guarded_playback
from tests.system.running_system import System

from .chromium_tab import ChromiumTab
from .conftest import SCREENSHOTS, skip_or_fail
from .driven_tab import CannotError, DrivenTab
from .web_driver import FirefoxTab, WebKitTab, missing_program

BROWSERS = ("chromium", "firefox", "webkit")
CHOSEN = os.environ.get("TEST_BROWSERS", "chromium").split()
TEST_WITHIN_S = 180
SIZE = (1000, 760)
LONG_NAME = "Sommerurlaub-2026-" + "sehr-langer-Name-ohne-Leerzeichen" * 6 + ".mp4"

STAGES = "return [...document.querySelectorAll('.card')].map((card) => card.dataset.stage);"
IS_IN_STAGE = """const cards = [...document.querySelectorAll('.card')];
return cards.some((card) => card.querySelector('.name').textContent === arguments[0]
  && arguments[1].includes(card.dataset.stage));"""
IS_PLAYING = """const video = document.querySelector('video');
document.querySelector('.start')?.click();
if (video?.paused && video.readyState > 1) void video.play();
return (video?.currentTime ?? 0) > 0.3;"""
FITS = """const page = document.documentElement;
const buttons = [...document.querySelectorAll('.card button')].filter((button) => button.getClientRects().length > 0);
return page.scrollWidth <= window.innerWidth
  && buttons.every((button) => button.getBoundingClientRect().right <= window.innerWidth);"""


@pytest.fixture(autouse=True)
def _deadline() -> Iterator[None]:
    """End the test at its deadline, also while a browser doesn't respond."""

    def end(_number: int, _frame: FrameType | None) -> None:
        pytest.fail(f"not finished after {TEST_WITHIN_S} s")

    previous = signal.signal(signal.SIGALRM, end)
    signal.alarm(TEST_WITHIN_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


@pytest.fixture(params=BROWSERS)
def tab(
    request: pytest.FixtureRequest, built_page: Path, free_port: Callable[[], int], tmp_path: Path
) -> Iterator[DrivenTab]:
    """Yield a tab of each chosen browser; the test is skipped by name where the browser can't do what it needs."""
    del built_page
    name: str = request.param
    if name not in CHOSEN:
        pytest.skip(f"{name}: `make test-browsers` runs it")
    if package := missing_program(name):
        skip_or_fail(f"no {name}: apt-get install {package}")
    opened = _open(name, request, port=free_port(), log=tmp_path / "browser.log")
    try:
        yield opened
        opened.save_screenshot(SCREENSHOTS / f"{request.node.originalname.removeprefix('test_')}-{name}.png")
    finally:
        opened.close()


def _open(name: str, request: pytest.FixtureRequest, *, port: int, log: Path) -> DrivenTab:
    if name == "firefox":
        return FirefoxTab(SIZE, port=port, log=log)
    if name == "webkit":
        return WebKitTab(SIZE, port=port, log=log)
    browser: Browser = request.getfixturevalue("browser")
    return ChromiumTab(browser, SIZE)


@pytest.fixture
def page_of(tab: DrivenTab) -> str:
    """Return the name of the browser."""
    return type(tab).__name__.removesuffix("Tab").lower()


def expect_stage(tab: DrivenTab, name: str, *stages: str) -> None:
    """Wait until the file's card is in one of the stages."""
    tab.wait_for(IS_IN_STAGE, name, list(stages))


def choose(tab: DrivenTab, *files: Path) -> None:
    """Choose the files on the page."""
    tab.choose("#files", files)


def test_the_page_loads_without_an_error(tab: DrivenTab, system: System) -> None:
    """It shows its heading and its empty list, and doesn't scroll."""
    tab.goto(system.api_url + "/")
    assert tab.wait_for("return document.querySelector('h1')?.textContent;") == "Videos"
    assert tab.run("return document.documentElement.scrollHeight <= window.innerHeight;")
    assert (
        tab.run("return getComputedStyle(document.querySelector('.button.main')).backgroundColor;")
        != "rgba(0, 0, 0, 0)"
    )


def test_a_video_is_uploaded_and_plays(tab: DrivenTab, system: System, short_video: Path, large_video: Path) -> None:
    """One is sent with a single request, the other in parts."""
    tab.goto(system.api_url + "/")
    choose(tab, short_video, large_video)
    for video in (short_video, large_video):
        expect_stage(tab, video.name, "complete")
    tab.wait_for("return document.querySelectorAll('.card button[data-action=play]:not([hidden])').length === 2;")
    tab.run("document.querySelector('.card button[data-action=play]').click();")
    tab.wait_for(IS_PLAYING)


def test_a_long_name_fits(tab: DrivenTab, system: System, short_video: Path, tmp_path: Path) -> None:
    """No button is outside of the window."""
    file = tmp_path / LONG_NAME
    file.write_bytes(short_video.read_bytes())
    tab.goto(system.api_url + "/")
    choose(tab, file)
    expect_stage(tab, LONG_NAME, "complete")
    assert tab.run(FITS)


def test_an_upload_survives_a_lost_connection(tab: DrivenTab, system: System, short_video: Path) -> None:
    """The page says that it is offline, and sends the file when the connection is back."""
    tab.goto(system.api_url + "/")
    tab.wait_for("return document.querySelector('.empty') !== null;")
    try:
        tab.set_offline(is_offline=True)
    except CannotError as cannot:
        pytest.skip(str(cannot))
    choose(tab, short_video)
    tab.wait_for("return !document.querySelector('.banner').hidden && document.querySelector('.card') !== null;")
    stages = tab.run(STAGES)
    assert set(stages) <= {"queued", "offline"}, stages
    tab.set_offline(is_offline=False)
    expect_stage(tab, short_video.name, "complete")
    assert tab.run("return document.querySelector('.banner').hidden;")


def test_a_guarded_video_plays(
    tab: DrivenTab, page_of: str, system: System, short_video: Path, free_port: Callable[[], int]
) -> None:
    """After a sign-in, the browser sends the cookies with the request for the key."""
    if page_of == "webkit":
        pytest.skip("WebKit keeps no Secure cookies of plain http, not even of localhost")
    settings = {**system.settings, "AWS_ENDPOINT_URL": system.aws_url}
    serve = partial(guarded_playback, settings, free_port=free_port, log=system.log)
    with little_issuer() as issuer, serve(issuer_url=issuer.url) as addresses:
        tab.goto(addresses.api_url + "/")
        choose(tab, short_video)
        tab.wait_for("return document.querySelector('#token') !== null;")
        tab.enter("#token", issuer.token())
        tab.click("dialog .button.main")
        expect_stage(tab, short_video.name, "complete")
        tab.wait_for(IS_PLAYING)  # the player of a single video opens by itself


def test_thirty_files_are_uploaded_together(tab: DrivenTab, system: System, tmp_path: Path) -> None:
    """Each gets a row, and each ends; these can't be read, so that their jobs are short."""
    files = [tmp_path / f"clip {number}.mp4" for number in range(30)]
    for file in files:
        file.write_bytes(b"This is no video. " * 50)
    tab.goto(system.api_url + "/")
    choose(tab, *files)
    tab.wait_for("return document.querySelectorAll('.card').length === 30;")
    tab.wait_for("return document.querySelectorAll('.card[data-stage=failed]').length === 30;", within_s=150)
    assert tab.run(FITS)


def test_the_readme_names_the_versions_that_the_build_supports() -> None:
    """One line says them, and Vite builds for them."""
    root = Path(__file__).parents[2]
    config = (root / "web/page/vite.config.ts").read_text(encoding="utf-8")
    readme = (root / "README.md").read_text(encoding="utf-8")
    target = config.partition("target: [")[2].partition("]")[0]
    versions = {name: target.partition(f'"{name}')[2].partition('"')[0] for name in ("chrome", "firefox", "safari")}
    line = f"Chrome and Edge {versions['chrome']}, Firefox {versions['firefox']} and Safari {versions['safari']}"
    assert line in " ".join(readme.split())
