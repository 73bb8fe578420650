"""Signing in on the page, in a browser, where the API requires tokens."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.fake_issuer import little_issuer

from .page_tab import OpenPage


def test_the_page_requests_a_token_if_the_api_requires_one(
    open_page: OpenPage, api_with_access_control: Callable[[str], str], short_video: Path
) -> None:
    """The upload continues once the user has entered the token."""
    with little_issuer() as issuer:
        tab = open_page(url=api_with_access_control(issuer.url))
        tab.choose(short_video)
        dialog = tab.page.get_by_role("dialog", name="Sign in")
        dialog.get_by_role("button", name="Not now").click()
        tab.expect_stage(short_video.name, "uploadFailed")
        tab.press(short_video.name, "retry")
        dialog.get_by_label("Access token").fill(issuer.token())
        tab.save_screenshot("sign-in")
        tab.assert_accessible()
        dialog.get_by_role("button", name="Sign in").click()
        tab.expect_stage(short_video.name, "complete")
        tab.wait_until_playing()


def test_the_page_signs_in_at_the_provider_and_returns_to_the_same_view(
    open_page: OpenPage, api_with_access_control: Callable[..., str], short_video: Path
) -> None:
    """A refused token is renewed without a question."""
    with little_issuer() as issuer:
        issuer.lifetime_s = -3600
        tab = open_page(url=api_with_access_control(issuer.url, oidc=True), path="#/job/1763798400123-a1b2c3")
        tab.expect_stage("1763798400123-a1b2c3", "gone")
        assert tab.page.url.endswith("/#/job/1763798400123-a1b2c3")
        assert issuer.refreshes
        tab.page.get_by_role("link", name="All videos").click()
        tab.choose(short_video)
        tab.expect_stage(short_video.name, "complete")
        tab.assert_accessible()
        tab.save_screenshot("signed-in")
        tab.page.get_by_role("button", name="Sign out").click()
        tab.page.wait_for_url(f"{issuer.url}/signed-out*")


def test_the_page_signs_in_in_a_popup_if_the_token_can_not_be_renewed(
    open_page: OpenPage, api_with_access_control: Callable[..., str], short_video: Path
) -> None:
    """The page keeps its state."""
    with little_issuer() as issuer:
        issuer.refreshes, issuer.lifetime_s = None, -3600
        tab = open_page(url=api_with_access_control(issuer.url, oidc=True))
        tab.page.wait_for_function("() => !location.search && sessionStorage.length > 0")
        issuer.lifetime_s = 300
        tab.choose(short_video)
        tab.expect_stage(short_video.name, "uploadFailed")
        tab.page.wait_for_function("() => sessionStorage.length === 0")  # no later request gets the refused token
        tab.save_screenshot("signed-out")
        with tab.page.expect_popup() as window:
            tab.page.get_by_role("button", name="Sign in").click()
        expect(tab.page.get_by_role("button", name="Sign in")).to_be_hidden()
        tab.press(short_video.name, "retry")
        tab.expect_stage(short_video.name, "complete")
        assert window.value.is_closed()
