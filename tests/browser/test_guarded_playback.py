"""The page where keys are their owners' alone: a real browser takes the cookies, and sends them where they belong."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Request

from tests.fake_issuer import little_issuer
from tests.playback_server import guarded
from tests.system.running import System

from .conftest import OpenPage
from .test_page import plays


def test_the_owner_s_page_plays_a_video_whose_key_is_guarded(
    open_page: OpenPage, system: System, short: Path, free_port: Callable[[], int]
) -> None:
    """The key comes only with the cookies; no other request carries them, and no script sees them."""
    sent: dict[str, bool] = {}

    def note(request: Request) -> None:
        sent.setdefault(request.url.rpartition(".")[2], "cookie" in request.all_headers())

    settings = {**system.settings, "AWS_ENDPOINT_URL": system.aws_url}
    with (
        little_issuer() as issuer,
        guarded(settings, issuer_url=issuer.url, free_port=free_port, log=system.log) as addresses,
    ):
        watched = open_page(url=addresses.api_url)
        watched.page.on("requestfinished", note)
        watched.choose(short)
        dialog = watched.page.get_by_role("dialog", name="Sign in")
        dialog.get_by_label("Access token").fill(issuer.token())
        dialog.get_by_role("button", name="Sign in").click()
        watched.expect_stage(short.name, "complete")
        plays(watched)
        assert watched.page.evaluate("document.cookie") == ""
        assert {cookie["secure"] and cookie["httpOnly"] for cookie in watched.page.context.cookies()} == {True}
    assert (sent["key"], sent["m3u8"], sent["ts"]) == (True, False, False)
