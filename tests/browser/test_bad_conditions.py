"""The page while the service, the storage, the token, the clock or another tab doesn't do what it should."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Request, Route, expect

from tests.fake_issuer import little_issuer
from tests.system.running_system import ffmpeg

from .page_tab import NetworkThrottle, OpenPage, PageTab

CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag"}
NO_NEWS_MS = 25_000
LONG_WAIT_MS = 130_000


def test_a_service_that_is_unavailable_once_at_every_step_delays_an_upload_only(
    open_page: OpenPage, large_video: Path
) -> None:
    """Each kind of request fails once: limits, beginning, signing, sending, completing, following."""
    tab = open_page()
    failed: set[str] = set()

    def fail_once(route: Route, request: Request) -> None:
        step = f"{request.method} {step_of(request.url)}"
        if step in failed or request.method == "OPTIONS":
            route.continue_()
            return
        failed.add(step)
        route.fulfill(status=503, headers=CORS, json={"code": "aws_unavailable", "detail": "AWS is unavailable."})

    for pattern in ("**/limits", "**/s3/**", "**/*partNumber=*", "**/events?*", "**/jobs*", "**/jobs/**"):
        tab.page.route(pattern, fail_once)
    tab.choose(large_video)
    tab.expect_stage(large_video.name, "complete")
    assert {"GET limits", "POST multipart", "GET sign", "PUT part", "POST complete", "GET events"} <= failed


def step_of(url: str) -> str:
    """Return the step that the request belongs to."""
    path = url.partition("?")[0]
    if "partNumber=" in url:
        return "part"
    if path.rpartition("/")[2].isdigit():
        return "sign"
    return path.rpartition("/")[2]


def test_a_refusal_of_the_storage_is_shown_and_can_be_repeated(open_page: OpenPage, large_video: Path) -> None:
    """The upload continues in place of beginning again."""
    tab = open_page()
    tab.page.route("**/*partNumber=*", lambda route: route.fulfill(status=403, headers=CORS, body="<Error/>"))
    tab.choose(large_video)
    tab.expect_stage(large_video.name, "uploadFailed")
    expect(tab.card(large_video.name).locator(".problem")).to_contain_text("The storage refused the file")
    tab.save_screenshot("refused")
    tab.page.unroute("**/*partNumber=*")
    tab.press(large_video.name, "retry")
    tab.expect_stage(large_video.name, "complete")


def test_a_failure_without_a_text_of_its_own_shows_the_apis_words(open_page: OpenPage, short_video: Path) -> None:
    """The card names the code too."""
    refusal = {"code": "unknown_profile", "detail": "The profile is unknown; known profiles: hls."}
    tab = open_page()
    tab.page.route("**/s3/multipart", lambda route: route.fulfill(status=422, json=refusal))
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "uploadFailed")
    problem = tab.card(short_video.name).locator(".problem")
    expect(problem).to_contain_text("The upload failed. The profile is unknown; known profiles: hls.")
    expect(problem).to_contain_text("unknown_profile")


def test_a_full_storage_of_the_browser_loses_no_upload(open_page: OpenPage, short_video: Path) -> None:
    """The browser then can't remember the file after a reload."""
    tab = open_page()
    tab.page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
    )
    tab.page.reload()
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "complete")


def test_a_token_that_expires_in_the_middle_of_an_upload_is_renewed(
    open_page: OpenPage, api_with_access_control: Callable[..., str], large_video: Path
) -> None:
    """The user sees no question, and no part is sent again."""
    refusal = {"code": "expired_token", "detail": "The token has expired."}
    with little_issuer() as issuer:
        tab = open_page(url=api_with_access_control(issuer.url, oidc=True))
        expired: list[str] = []
        sent: list[str] = []

        def expire_once(route: Route, request: Request) -> None:
            token = request.headers["authorization"]
            if expired and token != expired[0]:
                route.continue_()
                return
            expired.append(token)
            route.fulfill(status=401, json=refusal)

        def note(request: Request) -> None:
            if request.method == "PUT":
                sent.append(request.url.partition("partNumber=")[2].partition("&")[0])

        tab.page.on("request", note)
        tab.page.route("**/s3/multipart/*/3?*", expire_once)
        tab.choose(large_video)
        tab.expect_stage(large_video.name, "complete")
        expect(tab.page.get_by_role("dialog")).to_have_count(0)
        assert expired
        assert sorted(sent) == ["1", "2", "3"]


@pytest.mark.parametrize("skew", [timedelta(days=-1), timedelta(days=1)], ids=["behind", "ahead"])
def test_a_wrong_clock_of_the_browser_changes_nothing(open_page: OpenPage, long_video: Path, skew: timedelta) -> None:
    """Neither are estimates wrong, nor is news missing."""
    tab = open_page()
    tab.page.clock.set_system_time(datetime.now(UTC) + skew)
    tab.page.reload()
    tab.choose(long_video)
    tab.expect_stage(long_video.name, "transcoding")
    expect(tab.card(long_video.name).locator(".amount")).not_to_contain_text("no news")
    tab.expect_stage(long_video.name, "complete")


def test_a_file_that_another_tab_uploads_is_not_uploaded_twice(open_page: OpenPage, large_video: Path) -> None:
    """The second tab says so, and both show the same video."""
    tab = open_page()
    NetworkThrottle(tab).limit_upload(6_000_000)
    tab.choose(large_video)
    tab.page.wait_for_function("() => document.querySelector('.amount')?.textContent.includes('MB of')")
    other = open_page(beside=tab)
    expect(other.card(large_video.name).locator(".stage")).to_contain_text("in another tab")
    begun: list[str] = []
    other.page.on("request", lambda request: begun.append(request.url) if "/s3/" in request.url else None)
    other.choose(large_video)
    expect(other.page.locator(".toast")).to_contain_text("already being uploaded")
    expect(other.page.locator(".card")).to_have_count(1)
    for each in (tab, other):
        each.expect_stage(large_video.name, "complete")
    assert begun == []


def test_without_news_the_card_says_since_when(open_page: OpenPage, long_video: Path) -> None:
    """It shows no estimate that is older than 20 s, and offers to cancel."""
    tab = open_page()
    tab.page.clock.install()
    tab.page.reload()
    tab.choose(long_video)
    tab.expect_stage(long_video.name, "transcoding")
    silence(tab)
    tab.page.clock.run_for(NO_NEWS_MS)
    amount = tab.card(long_video.name).locator(".amount")
    expect(amount).to_contain_text("no news for")
    expect(amount).not_to_contain_text("left")
    expect(tab.card(long_video.name).locator("[data-action=cancel]")).to_be_visible()
    tab.save_screenshot("no-news")


def test_a_wait_that_is_longer_than_usual_says_so_and_has_a_button(open_page: OpenPage, short_video: Path) -> None:
    """For example while no worker runs."""
    tab = open_page()
    tab.page.clock.install()
    tab.page.reload()
    silence(tab)
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "waiting")
    tab.page.clock.run_for(LONG_WAIT_MS)
    expect(tab.card(short_video.name).locator(".stage")).to_contain_text("longer than usual")
    expect(tab.card(short_video.name).locator("[data-action=remove]")).to_be_visible()
    tab.save_screenshot("long-wait")


def silence(tab: PageTab) -> None:
    """Let no news reach the tab from now on."""
    for pattern in ("**/events?*", "**/jobs*", "**/jobs/**"):
        tab.page.route(pattern, lambda route: route.abort())
    tab.page.evaluate("() => window.dispatchEvent(new Event('online'))")  # it opens its streams again


@pytest.mark.parametrize(("suffix", "content_type"), [("mkv", "video/x-matroska"), ("ts", "video/mp2t")])
def test_the_extension_decides_the_type_where_browsers_disagree(
    open_page: OpenPage, tmp_path: Path, suffix: str, content_type: str
) -> None:
    """Chromium knows other names for these types, which the API may refuse."""
    video = tmp_path / f"film.{suffix}"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1")
    ffmpeg(*picture, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", video)
    tab = open_page()
    with tab.page.expect_request(lambda request: request.url.endswith("/s3/multipart")) as begun:
        tab.choose(video)
    begin = begun.value.post_data_json
    assert begin is not None
    assert begin["type"] == content_type
    tab.expect_stage(video.name, "complete")
