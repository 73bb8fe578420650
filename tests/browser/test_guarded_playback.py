"""With access control, the browser stores the signed cookies and sends them with the request for a key."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Request

from tests.fake_issuer import little_issuer
from tests.playback_server import guarded_playback
from tests.system.running_system import System

from .page_tab import OpenPage


def test_the_owners_page_plays_a_video_with_a_guarded_key(
    open_page: OpenPage, system: System, short_video: Path, free_port: Callable[[], int]
) -> None:
    """The request for the key sends the cookies, and no script can read them."""
    has_cookies: dict[str, bool] = {}

    def record_cookies(request: Request) -> None:
        has_cookies.setdefault(request.url.rpartition(".")[2], "cookie" in request.all_headers())

    settings = {**system.settings, "AWS_ENDPOINT_URL": system.aws_url}
    with (
        little_issuer() as issuer,
        guarded_playback(settings, issuer_url=issuer.url, free_port=free_port, log=system.log) as addresses,
    ):
        tab = open_page(url=addresses.api_url)
        tab.page.on("requestfinished", record_cookies)
        tab.choose(short_video)
        dialog = tab.page.get_by_role("dialog", name="Sign in")
        dialog.get_by_label("Access token").fill(issuer.token())
        dialog.get_by_role("button", name="Sign in").click()
        tab.expect_stage(short_video.name, "complete")
        tab.wait_until_playing()
        tab.page.wait_for_function("() => document.querySelector('img.picture').naturalWidth > 0")
        assert tab.page.evaluate("document.querySelector('img.picture').src").startswith("http")
        assert tab.page.evaluate("document.cookie") == ""
        assert {cookie["secure"] and cookie["httpOnly"] for cookie in tab.page.context.cookies()} == {True}
    assert has_cookies["key"]
