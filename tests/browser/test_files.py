"""Many files, bad files and unusual names on the page, and its questions before something is lost."""

from pathlib import Path

import pytest
from playwright.sync_api import Request, expect

from .page_tab import NetworkThrottle, OpenPage, PageTab

LONG_NAME = "Sommerurlaub-2026-" + "sehr-langer-Name-ohne-Leerzeichen" * 6 + ".mp4"


def record(tab: PageTab, method: str, part: str) -> list[Request]:
    """Return the list to which each later request of this method is added whose URL contains the part."""
    requests: list[Request] = []
    tab.page.on(
        "request",
        lambda request: requests.append(request) if request.method == method and part in request.url else None,
    )
    return requests


def test_thirty_bad_files_leave_a_running_upload_alone_and_are_never_sent_again(
    open_page: OpenPage, large_video: Path, tmp_path: Path
) -> None:
    """Each costs one request at most, no part is aborted, and all are removed together."""
    tab = open_page()
    NetworkThrottle(tab).limit_upload(6_000_000)
    begun = record(tab, "POST", "/s3/multipart")
    aborted: list[Request] = []
    tab.page.on("requestfailed", lambda request: aborted.append(request))  # noqa: PLW0108 -- Playwright needs a function
    tab.choose(large_video)
    tab.expect_stage(large_video.name, "uploading")
    bad = [tmp_path / f"notes {number}.txt" for number in range(30)]
    for file in bad:
        file.write_text("no video", encoding="utf-8")
        tab.choose(file)
    expect(tab.page.locator(".card[data-stage=uploadFailed]")).to_have_count(30)
    tab.expect_stage(large_video.name, "complete")
    assert sum(request.url.endswith("/s3/multipart") for request in begun) <= 31
    assert [request.url for request in aborted if "partNumber=" in request.url] == []
    expect(tab.page.locator(".counts")).to_contain_text("1 video · 30 failed")
    tab.save_screenshot("bad-files")
    tab.page.get_by_role("button", name="Remove finished").click()
    expect(tab.page.locator(".card")).to_have_count(0)


@pytest.mark.parametrize(
    "name",
    [LONG_NAME, "n" * 251 + ".mp4", "ملف الفيديو الطويل.mp4", "🎬" * 50 + ".mp4"],
    ids=["long", "255", "rtl", "emoji"],
)
def test_no_name_makes_the_page_wider_than_the_window(
    open_page: OpenPage, short_video: Path, tmp_path: Path, name: str
) -> None:
    """Every button stays within the window, from 320 to 2560 px."""
    file = tmp_path / name
    file.write_bytes(short_video.read_bytes())
    tab = open_page()
    tab.choose(file)
    tab.expect_stage(name, "complete")
    for width in (320, 390, 768, 1280, 2560):
        tab.page.set_viewport_size({"width": width, "height": 800})
        tab.assert_fits()
        card = tab.card(name).bounding_box()
        assert card
        assert card["x"] >= 0
        assert card["x"] + card["width"] <= width
        for button in tab.card(name).locator("button:visible").all():
            box = button.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        if width in {320, 1280}:
            tab.save_screenshot(str(width))


def test_another_file_for_an_interrupted_upload_needs_the_users_word(
    open_page: OpenPage, large_video: Path, short_video: Path
) -> None:
    """The bar of the interrupted upload shows what S3 has, and its own file continues it."""
    tab = open_page()
    tab.page.route("**/*partNumber=3*", lambda _: None)
    tab.choose(large_video)
    parts = record(tab, "PUT", "partNumber=")
    tab.wait_for_two_stored_parts()
    tab.page.on("dialog", lambda dialog: dialog.accept())
    tab.page.reload()
    tab.expect_stage(large_video.name, "interrupted")
    tab.page.unroute("**/*partNumber=3*")
    parts.clear()
    assert tab.bar_length(large_video.name) >= 80
    begun = record(tab, "POST", "/s3/multipart")
    for choice in ("Not now", None):
        with tab.page.expect_file_chooser() as chooser:
            tab.press(large_video.name, "chooseFile")
        if choice is None:
            chooser.value.set_files(str(large_video))
        else:
            chooser.value.set_files(str(short_video))
            tab.save_screenshot("question")
            tab.page.get_by_role("dialog").get_by_role("button", name=choice).click()
            expect(tab.page.locator(".card")).to_have_count(1)
    tab.expect_stage(large_video.name, "complete")
    assert len(parts) == 1
    assert [request.url for request in begun if request.url.endswith("/s3/multipart")] == []


def test_a_pause_lets_the_part_in_flight_end(open_page: OpenPage, large_video: Path) -> None:
    """The card says so meanwhile, and no part is aborted or sent twice."""
    tab = open_page()
    NetworkThrottle(tab).limit_upload(3_000_000)
    parts = record(tab, "PUT", "partNumber=")
    tab.choose(large_video)
    tab.page.wait_for_function("() => document.querySelector('.amount')?.textContent.includes('MB of')")
    tab.press(large_video.name, "pause")
    expect(tab.card(large_video.name).locator(".stage")).to_contain_text("Pausing")
    tab.expect_stage(large_video.name, "paused")
    assert len(parts) == 2
    tab.press(large_video.name, "resume")
    tab.expect_stage(large_video.name, "complete")
    assert len(parts) == 3


def test_a_job_is_canceled_only_after_a_question_and_a_removal_can_be_undone(
    open_page: OpenPage, long_video: Path
) -> None:
    """Two words name the two actions."""
    tab = open_page()
    tab.choose(long_video)
    tab.expect_stage(long_video.name, "probing|transcoding")
    cancel = tab.card(long_video.name).locator("[data-action=cancel]")
    expect(cancel).to_have_text("Cancel job")
    cancel.click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    tab.expect_stage(long_video.name, "complete")
    tab.press(long_video.name, "remove")
    expect(tab.page.locator(".card")).to_have_count(0)
    tab.page.get_by_role("button", name="Undo").click()
    tab.expect_stage(long_video.name, "complete")
    tab.press(long_video.name, "remove")
    tab.page.reload()
    expect(tab.page.locator(".empty")).to_be_visible()


def test_without_cookies_and_storage_the_page_works(open_page: OpenPage, short_video: Path) -> None:
    """Browsers with blocked cookies throw at localStorage and at BroadcastChannel."""
    tab = open_page()
    tab.page.add_init_script(
        """const block = () => { throw new DOMException('blocked', 'SecurityError'); };
        Object.defineProperty(window, 'localStorage', { get: block });
        window.BroadcastChannel = class { constructor() { block(); } };"""
    )
    tab.page.reload()
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "complete")


def test_the_empty_page_does_not_scroll_and_the_title_shows_progress(open_page: OpenPage, long_video: Path) -> None:
    """The title says how far all videos are, and is the page's own title again at the end."""
    tab = open_page()
    assert tab.page.evaluate("() => document.documentElement.scrollHeight <= window.innerHeight")
    tab.choose(long_video)
    tab.page.wait_for_function("() => /^[0-9]+% · Videos$/.test(document.title)")
    tab.expect_stage(long_video.name, "complete")
    tab.page.wait_for_function("() => document.title === 'Videos'")


def test_a_second_player_closes_the_first(open_page: OpenPage, short_video: Path, long_video: Path) -> None:
    """Two videos never play at once."""
    tab = open_page()
    tab.choose(short_video, long_video)
    for video in (short_video, long_video):
        tab.expect_stage(video.name, "complete")
        tab.press(video.name, "play")
    expect(tab.page.locator("video")).to_have_count(1)
