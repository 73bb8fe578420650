"""Fixtures that open the page in Chromium, in front of the whole system.

Three files import from the program: test_uploads_by_region.py, to sign URLs for hosts that a running system can't have,
and test_emulator_players.py and test_emulator_caption_players.py, which need no system: they play the emulator's
streams.
Without Chromium, or without Node.js to build the page, the tests are skipped with the reason; with CI=true, they fail.
Screenshots of each state are saved in tests/browser/screenshots.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.fake_issuer import AUDIENCE
from tests.file_lock import file_lock
from tests.system.running_system import System, ffmpeg, poll_until

from .page_tab import ACTION_TIMEOUT_MS, OpenPage, PageTab

ROOT = Path(__file__).parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
FAILED_REQUESTS = ("Failed to load resource", "Access to ", "WebSocket connection")


def skip_or_fail(reason: str) -> None:
    """Skip the test for this reason, or fail it if CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield Debian's Chromium.

    The scope isn't the session: Playwright runs an event loop in this thread, which other tests can't share.
    """
    if not Path(CHROMIUM).exists():
        skip_or_fail(f"no Chromium at {CHROMIUM}: install it (apt-get install chromium), or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def built_page() -> Path:
    """Build the page, and return its folder."""
    if shutil.which("node") is None:
        skip_or_fail("no Node.js to build the page")
    with file_lock("page"):  # pytest-xdist can run this fixture in two processes
        built = subprocess.run(["make", "page"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 -- make
    assert built.returncode == 0, built.stdout + built.stderr
    return ROOT / "web" / "dist"


@pytest.fixture(scope="session")
def built_examples(built_page: Path) -> Path:
    """Build the example apps, and return their folder."""
    del built_page  # it installs the packages
    with file_lock("examples"):
        command = ["npm", "--prefix", "web", "run", "--silent", "build:examples"]
        built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return ROOT / "web" / "examples"


@pytest.fixture
def serve_app(system: System, free_port: Callable[[], int]) -> Iterator[Callable[[Path], str]]:
    """Yield a function that starts another service in front of the same system, which serves this app at its URL."""
    with contextlib.ExitStack() as started:

        def _serve_app(folder: Path) -> str:
            return started.enter_context(_service(system, free_port(), {"WEB_DIR": str(folder)}))

        yield _serve_app


@contextlib.contextmanager
def _service(system: System, port: int, settings: dict[str, str]) -> Iterator[str]:
    own = {"PORT": str(port), "AWS_ENDPOINT_URL": system.aws_url, "CORS_ALLOW_ORIGINS": "*"}
    environment = {**os.environ, **system.settings, **own, **settings}
    with system.log.open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "service"], env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        poll_until(lambda: _is_ready(url), bool)
        yield url
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture
def open_page(browser: Browser, built_page: Path, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Yield a function that opens the page in a new browser context, or in another tab of an existing context.

    The test fails if the page throws an exception, or if the browser's console has an error: for example of the content
    security policy. A request that fails isn't one, because tests make requests fail.
    """
    del built_page
    system_: System = request.getfixturevalue("system")
    contexts: list[BrowserContext] = []
    page_errors: list[str] = []

    def note_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(FAILED_REQUESTS):
            page_errors.append(message.text)

    def _open_page(*, beside: PageTab | None = None, url: str = "", path: str = "", **options: object) -> PageTab:
        if beside is None:
            contexts.append(browser.new_context(**{"viewport": {"width": 1000, "height": 760}, **options}))  # type: ignore[arg-type]
        page: Page = (beside.page.context if beside else contexts[-1]).new_page()
        page.set_default_timeout(ACTION_TIMEOUT_MS)
        page.on("pageerror", lambda error: page_errors.append(str(error)))
        page.on("console", note_console)
        # From now on Chromium passes file dialogs to the test. `expect_file_chooser` alone requests this only a moment
        # before the key or click, which can arrive first on a busy machine: Chromium then cancels the dialog.
        page.on("filechooser", lambda _: None)
        tab = PageTab(page=page, screenshots=SCREENSHOTS, name=request.node.name.removeprefix("test_"))
        page.goto((url or system_.api_url) + "/" + path)
        return tab

    yield _open_page
    for context in contexts:
        context.close()
    assert not page_errors


@pytest.fixture
def api_with_access_control(
    system: System, built_page: Path, free_port: Callable[[], int], tmp_path: Path
) -> Iterator[Callable[..., str]]:
    """Yield a function that starts another service, which requires tokens of an issuer, and returns its URL.

    With `oidc`, the page of that service signs in at the issuer.
    """
    with contextlib.ExitStack() as started:

        def _api_with_access_control(issuer_url: str, *, oidc: bool = False) -> str:
            web_dir = _copy_with_oidc_settings(built_page, tmp_path / "page", issuer_url) if oidc else built_page
            settings = {"AUTH_ISSUER": issuer_url, "AUTH_AUDIENCE": AUDIENCE, "WEB_DIR": str(web_dir)}
            return started.enter_context(_service(system, free_port(), settings))

        yield _api_with_access_control


def _copy_with_oidc_settings(page: Path, copy: Path, issuer_url: str) -> Path:
    shutil.copytree(page, copy, ignore=shutil.ignore_patterns("config.js*"))
    oidc = f"{{ issuer: {issuer_url!r}, clientId: 'videos' }}"
    (copy / "config.js").write_text(f"window.mediaconvertStatus = {{ oidc: {oidc} }};", encoding="utf-8")
    return copy


def _is_ready(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/readyz").is_success
    return False


@pytest.fixture(scope="session")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a 720p MP4 of twelve seconds with sound: two renditions, and a transcode long enough to observe."""
    path = tmp_path_factory.mktemp("long") / "holiday in the mountains.mp4"
    colours = "c0=0x14213d:c1=0x3a5a9b:c2=0xe9a178:c3=0xf4e1c1:nb_colors=4:speed=0.02"
    picture = ("-f", "lavfi", "-i", f"gradients=size=1280x720:rate=25:duration=12:{colours}")
    tone = ("-f", "lavfi", "-i", "sine=duration=12")
    ffmpeg(*picture, *tone, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", path)
    return path


@pytest.fixture(scope="session")
def short_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small MP4 of one second, whose transcode is short."""
    path = tmp_path_factory.mktemp("short") / "short.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1")
    ffmpeg(*picture, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path)
    return path


@pytest.fixture(scope="session")
def large_video(short_video: Path) -> Path:
    """Return the short video with 20 MB of padding that players ignore, so that it is uploaded in several parts."""
    path = short_video.with_name("large.mp4")
    padding_bytes = 20_000_000
    box = (padding_bytes + 8).to_bytes(4, "big") + b"free"
    path.write_bytes(short_video.read_bytes() + box + bytes(padding_bytes))
    return path


@pytest.fixture(scope="session")
def unreadable_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with the suffix of a video, which isn't one."""
    path = tmp_path_factory.mktemp("unreadable") / "unreadable.mp4"
    path.write_bytes(b"This is no video. " * 500)
    return path
