"""The page in a real Chromium, in front of the whole system; these tests import nothing of the program.

A machine without Chromium, or without Node.js to build the page, gets a skip that says so; where CI=true, a failure.
Pictures of each state are kept in tests/browser/screenshots.
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
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.fake_issuer import AUDIENCE
from tests.file_lock import file_lock
from tests.system.running import System, eventually, ffmpeg

from .cards import Watched

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
SLOW_MS = 20_000

OpenPage = Callable[..., Watched]


def _missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium.

    Not for the session: Playwright keeps an event loop running in this thread, and other tests want their own.
    """
    if not Path(CHROMIUM).exists():
        _missing(f"no Chromium at {CHROMIUM}: install it (apt-get install chromium), or say in CHROMIUM where it is")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def built_page() -> Path:
    """The folder of the built page."""
    if shutil.which("node") is None:
        _missing("no Node.js, which builds the page")
    with file_lock("page"):  # pytest-xdist can run this fixture in two processes
        built = subprocess.run(["make", "page"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 -- make
    assert built.returncode == 0, built.stdout + built.stderr
    return ROOT / "web" / "dist"


@pytest.fixture
def open_page(browser: Browser, built_page: Path, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Opens the page in a browser of its own, or in another tab of that of a page; keeps pictures of it.

    What the page logs as an error, or throws, fails the test.
    """
    del built_page
    system_: System = request.getfixturevalue("system")
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def _open_page(*, beside: Watched | None = None, url: str = "", path: str = "", **options: object) -> Watched:
        if beside is None:
            contexts.append(browser.new_context(**{"viewport": {"width": 1000, "height": 760}, **options}))  # type: ignore[arg-type]
        page: Page = (beside.page.context if beside else contexts[-1]).new_page()
        page.set_default_timeout(SLOW_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        watched = Watched(page=page, screenshots=SCREENSHOTS, name=request.node.name.removeprefix("test_"))
        page.goto((url or system_.api_url) + "/" + path)
        return watched

    yield _open_page
    for context in contexts:
        context.close()
    assert not faults


@pytest.fixture
def guarded_api(
    system: System, built_page: Path, free_port: Callable[[], int], tmp_path: Path
) -> Iterator[Callable[..., str]]:
    """Starts one more service of the same system, which asks for tokens of an issuer, and gives its address.

    With `oidc`, its page is told to sign in there.
    """
    started: list[subprocess.Popen[bytes]] = []

    def _guarded_api(issuer_url: str, *, oidc: bool = False) -> str:
        web_dir = _configured(built_page, tmp_path / "page", issuer_url) if oidc else built_page
        settings = {"AUTH_ISSUER": issuer_url, "AUTH_AUDIENCE": AUDIENCE, "WEB_DIR": str(web_dir)}
        port = {"PORT": str(free_port()), "AWS_ENDPOINT_URL": system.aws_url, "CORS_ALLOW_ORIGINS": "*"}
        environment = {**os.environ, **system.settings, **settings, **port}
        with system.log.open("ab") as log:
            started.append(subprocess.Popen([sys.executable, "-m", "service"], env=environment, stdout=log, stderr=log))
        url = f"http://127.0.0.1:{port['PORT']}"
        eventually(lambda: _is_ready(url), bool)
        return url

    yield _guarded_api
    for process in started:
        process.terminate()
        process.wait(15)


def _configured(page: Path, copy: Path, issuer_url: str) -> Path:
    shutil.copytree(page, copy, ignore=shutil.ignore_patterns("config.js*"))
    oidc = f"{{ issuer: {issuer_url!r}, clientId: 'videos' }}"
    (copy / "config.js").write_text(f"window.mediaconvertStatus = {{ oidc: {oidc} }};", encoding="utf-8")
    return copy


def _is_ready(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url}/readyz").is_success
    return False


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 720p MP4 of twelve seconds with sound: it gets two renditions, and its transcode lasts longer than a look."""
    path = tmp_path_factory.mktemp("film") / "holiday in the mountains.mp4"
    colours = "c0=0x14213d:c1=0x3a5a9b:c2=0xe9a178:c3=0xf4e1c1:nb_colors=4:speed=0.02"
    picture = ("-f", "lavfi", "-i", f"gradients=size=1280x720:rate=25:duration=12:{colours}")
    tone = ("-f", "lavfi", "-i", "sine=duration=12")
    ffmpeg(*picture, *tone, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", path)
    return path


@pytest.fixture(scope="session")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small MP4 of one second, quickly transcoded."""
    path = tmp_path_factory.mktemp("short") / "short.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1")
    ffmpeg(*picture, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path)
    return path


@pytest.fixture(scope="session")
def large(short: Path) -> Path:
    """The small one with 20 MB of padding that no player minds: several parts to upload."""
    path = short.with_name("large.mp4")
    padding_bytes = 20_000_000
    box = (padding_bytes + 8).to_bytes(4, "big") + b"free"
    path.write_bytes(short.read_bytes() + box + bytes(padding_bytes))
    return path


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that only says that it is a video."""
    path = tmp_path_factory.mktemp("broken") / "broken.mp4"
    path.write_bytes(b"This is no video. " * 500)
    return path
