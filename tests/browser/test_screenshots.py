"""Makes the README's screenshots: `make screenshots` runs it, and other runs skip it."""

import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.system.running_system import ffmpeg

from .page_tab import NetworkThrottle, OpenPage

IMAGES = Path(__file__).parents[2] / "docs" / "images"

pytestmark = pytest.mark.skipif("SCREENSHOTS" not in os.environ, reason="`make screenshots` writes docs/images")

COLOURS = {
    "Interview in the studio.mp4": "c0=0x2b2d42:c1=0x8d99ae:c2=0xef233c:c3=0xedf2f4",
    "Harbour at night.mp4": "c0=0x03045e:c1=0x0077b6:c2=0xffb703:c3=0x023047",
    "Summer in the Alps.mp4": "c0=0x14213d:c1=0x3a5a9b:c2=0xe9a178:c3=0xf4e1c1",
}
PADDING_BYTES = 60_000_000


def film(path: Path, *, seconds: int, size: str = "1280x720") -> Path:
    """Make a film of moving colours with a tone."""
    source = f"gradients=size={size}:rate=25:duration={seconds}:{COLOURS[path.name]}:nb_colors=4:speed=0.02:seed=7"
    picture = ("-f", "lavfi", "-i", source)
    tone = ("-f", "lavfi", "-i", f"sine=duration={seconds}")
    ffmpeg(*picture, *tone, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", path)
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_four_videos_on_a_desktop(open_page: OpenPage, tmp_path: Path, scheme: str) -> None:
    """One is ready, one can't be read, one is transcoded, one is uploaded."""
    ready, running, sending = (
        film(tmp_path / name, seconds=seconds) for name, seconds in zip(COLOURS, (5, 40, 5), strict=True)
    )
    with sending.open("ab") as file:
        file.write((PADDING_BYTES + 8).to_bytes(4, "big") + b"free" + bytes(PADDING_BYTES))
    unreadable = tmp_path / "scan 0042.mp4"
    unreadable.write_bytes(b"This is no video. " * 500)
    tab = open_page(viewport={"width": 1000, "height": 770}, color_scheme=scheme, device_scale_factor=2)
    tab.choose(unreadable)
    tab.expect_stage(unreadable.name, "failed")
    tab.choose(ready)
    tab.expect_stage(ready.name, "complete")
    tab.choose(running)
    tab.expect_stage(running.name, "transcoding")
    NetworkThrottle(tab).limit_upload(5_000_000)
    tab.choose(sending)
    expect(tab.card(sending.name).locator(".amount")).to_contain_text("left")
    expect(tab.card(running.name).locator(".amount")).to_contain_text("left")
    tab.page.evaluate("() => document.activeElement?.blur()")
    name = "page.png" if scheme == "light" else "page-dark.png"
    tab.page.screenshot(path=IMAGES / name, animations="disabled")


def test_one_video_on_a_phone(open_page: OpenPage, tmp_path: Path) -> None:
    """It is in Japanese and in dark colours."""
    fonts = subprocess.run(["fc-list", ":lang=ja"], capture_output=True, text=True, check=False).stdout  # noqa: S607 -- a command
    assert fonts, "no Japanese font: apt-get install fonts-noto-cjk"
    video = film(tmp_path / "Summer in the Alps.mp4", seconds=12)
    phone = {"viewport": {"width": 390, "height": 780}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
    tab = open_page(**phone, color_scheme="dark", locale="ja-JP")
    tab.choose(video)
    tab.expect_stage(video.name, "complete")
    tab.wait_until_playing()
    tab.page.evaluate("() => { document.querySelector('video').pause(); window.scrollTo(0, 0); }")
    tab.page.screenshot(path=IMAGES / "page-phone.png", animations="disabled")
