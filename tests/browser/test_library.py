"""The list of the videos that the service keeps, on the page, in a browser, where the API requires tokens."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.fake_issuer import LittleIssuer, little_issuer
from tests.system.running_system import poll_until

from .page_tab import OpenPage

PAGE = 25
"""The API's videos of a page, if a request doesn't say how many."""


@pytest.fixture
def issuer() -> Iterator[LittleIssuer]:
    """Yield an identity provider."""
    with little_issuer() as issuer:
        yield issuer


def announce(url: str, issuer: LittleIssuer, name: str, **labels: str) -> str:
    """Announce an upload for ada, the user who signs in at the issuer, and return its key."""
    body = {"file_name": name, "content_type": "video/mp4", "size_bytes": 1000, **labels}
    response = httpx.post(f"{url}/uploads", json=body, headers=issuer.bearer())
    assert response.is_success, response.text
    return str(response.json()["input_file"])


def delete_all(url: str, issuer: LittleIssuer) -> None:
    """Delete what other tests left, because the issuer's user is always the same."""

    def kept() -> list[str]:
        listed = httpx.get(f"{url}/uploads", params={"limit": 100}, headers=issuer.bearer()).json()
        return [str(each["input_file"]) for each in listed["data"]]

    for key in kept():
        httpx.delete(f"{url}/uploads", params={"input_file": key}, headers=issuer.bearer()).raise_for_status()
    poll_until(kept, lambda found: found == [])


def row(page: Page, name: str) -> Locator:
    """Return the row of a video in the list."""
    heading = page.get_by_role("heading", name=name, exact=True, level=3)
    return page.get_by_role("region", name="All your videos").get_by_role("listitem").filter(has=heading)


def statuses(url: str, issuer: LittleIssuer, keys: list[str]) -> list[int]:
    """Return the status code with which the API responds for each upload."""
    return [httpx.get(f"{url}/jobs", params={"input_file": key}, headers=issuer.bearer()).status_code for key in keys]


def test_the_videos_of_another_device_can_be_listed_renamed_deleted_and_played(
    open_page: OpenPage, api_with_access_control: Callable[..., str], short_video: Path, issuer: LittleIssuer
) -> None:
    """A deletion can be undone until it is sent, and leaving the page sends it."""
    url = api_with_access_control(issuer.url, oidc=True)
    delete_all(url, issuer)
    first = open_page(url=url)
    first.choose(short_video)
    first.expect_stage(short_video.name, "complete")
    expect(row(first.page, short_video.name)).to_contain_text("Ready to play")
    key, other, late = (announce(url, issuer, name) for name in ("one.mp4", "two.mp4", "three.mp4"))

    tab = open_page(url=url)
    rows = tab.page.locator(".kept")
    expect(rows).to_have_count(4)
    expect(rows.last).to_contain_text(short_video.name)
    tab.assert_accessible()

    row(tab.page, "one.mp4").get_by_role("button", name="Rename").click()
    field = tab.page.get_by_label("New name of one.mp4")
    expect(field).to_be_focused()
    field.fill("Harbour at night.mp4")
    tab.page.keyboard.press("Enter")
    renamed = row(tab.page, "Harbour at night.mp4")
    expect(renamed.get_by_role("button", name="Rename")).to_be_focused()
    job = httpx.get(f"{url}/jobs", params={"input_file": key}, headers=issuer.bearer()).json()
    assert job["file_name"] == "Harbour at night.mp4"

    tab.page.clock.install()
    renamed.get_by_role("button", name="Delete").press("Enter")
    undo = tab.page.get_by_role("button", name="Undo: Harbour at night.mp4")
    expect(undo).to_be_focused()
    tab.save_screenshot("undo")
    tab.assert_accessible()
    undo.press("Enter")
    expect(renamed.get_by_role("button", name="Delete")).to_be_focused()
    tab.page.clock.fast_forward(60_000)
    assert statuses(url, issuer, [key]) == [200]

    row(tab.page, "two.mp4").get_by_role("button", name="Delete").click()
    tab.page.clock.fast_forward(60_000)
    expect(rows).to_have_count(3)
    assert statuses(url, issuer, [key, other, late]) == [200, 404, 200]

    row(tab.page, "three.mp4").get_by_role("button", name="Delete").click()
    tab.page.goto("about:blank")
    poll_until(lambda: statuses(url, issuer, [key, other, late]), lambda found: found == [200, 404, 404], deadline_s=15)

    viewer = open_page(url=url)
    row(viewer.page, short_video.name).get_by_role("link").click()
    expect(viewer.page.get_by_role("heading", level=1)).to_have_text(short_video.name)
    viewer.wait_until_playing()


def test_the_list_has_pages_a_search_and_words_for_what_is_missing(
    open_page: OpenPage, api_with_access_control: Callable[..., str], issuer: LittleIssuer
) -> None:
    """An external id is found by the API, also before its video is loaded."""
    url = api_with_access_control(issuer.url, oidc=True)
    delete_all(url, issuer)
    tab = open_page(url=url, color_scheme="dark", viewport={"width": 390, "height": 780})
    expect(tab.page.get_by_text("The service keeps no videos of yours yet.")).to_be_visible()
    announce(url, issuer, "the oldest.mp4", external_id="order-4711")
    for number in range(PAGE + 1):
        announce(url, issuer, f"film {number:02}.mp4")
    tab.page.route("**/uploads", lambda route: route.abort())
    tab.page.reload()
    expect(tab.page.get_by_text("The service can't be reached at the moment.")).to_be_visible()
    tab.page.unroute("**/uploads")
    tab.page.get_by_role("button", name="Try again").click()
    rows = tab.page.locator(".kept")
    expect(rows).to_have_count(PAGE)

    search = tab.page.get_by_label("Search by name or external ID")
    search.fill("FILM 1")
    expect(rows).to_have_count(10)
    search.fill("order-4711")
    expect(rows.get_by_role("heading")).to_have_text(["the oldest.mp4"])
    search.fill("nothing like it")
    expect(tab.page.get_by_text("No video has this name or external ID.")).to_be_visible()
    tab.assert_accessible()
    search.fill("")
    tab.page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(PAGE + 2)
    expect(rows.last).to_contain_text("the oldest.mp4")
    expect(tab.page.get_by_role("button", name="Show more")).to_be_hidden()
    tab.page.evaluate("() => window.scrollTo(0, 0)")
    tab.assert_fits()
    tab.assert_accessible()
    tab.save_screenshot("phone")


def test_a_page_without_a_token_has_no_list(open_page: OpenPage) -> None:
    """An API without access control knows no callers."""
    tab = open_page()
    expect(tab.page.get_by_text("Nothing here yet")).to_be_visible()
    expect(tab.page.locator(".library")).to_have_count(0)
