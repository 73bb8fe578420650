"""Around the bars the page has pictures, a sum, rows, an icon, the player's keys, and a page for viewers."""

from pathlib import Path

import httpx
from playwright.sync_api import expect

from .page_tab import FINISH_MS, NetworkThrottle, OpenPage

ICON = "() => document.querySelector('link[rel=icon]').href"


def test_a_card_shows_a_picture_of_the_local_file_before_it_is_sent(
    open_page: OpenPage, large_video: Path, unreadable_video: Path
) -> None:
    """A file that the browser can't play has none, and doesn't hold up the next file's picture."""
    tab = open_page()
    NetworkThrottle(tab).limit_upload(2_000_000)
    tab.choose(unreadable_video, large_video)
    picture = tab.card(large_video.name).locator("img.picture")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => [image.naturalWidth, image.src.slice(0, 15)]") == [240, "data:image/jpeg"]
    tab.expect_stage(large_video.name, "uploading")
    expect(tab.card(unreadable_video.name).locator("img.picture")).to_be_hidden()
    tab.save_screenshot("uploading")
    tab.assert_accessible()


def test_a_card_shows_the_jobs_poster_when_the_video_is_ready(
    open_page: OpenPage, api: httpx.Client, short_video: Path
) -> None:
    """It replaces the picture of the local file, and the player shows it before it plays."""
    tab = open_page()
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "complete")
    job_id = tab.page.evaluate("() => document.querySelector('.card').dataset.job")
    poster = api.get(f"/jobs/{job_id}").json()["output"]["poster_url"]
    assert poster.endswith(".jpg")
    picture = tab.card(short_video.name).locator("img.picture")
    expect(picture).to_have_attribute("src", poster)
    tab.page.wait_for_function("() => document.querySelector('img.picture').naturalWidth > 0")
    expect(tab.page.locator("video")).to_have_attribute("poster", poster)


def test_six_videos_are_rows_under_their_sum(open_page: OpenPage, large_video: Path, tmp_path: Path) -> None:
    """The sum has the count, the percentage, the rate and the time left; the icon shows the percentage too."""
    files = [tmp_path / f"holiday {number}.mp4" for number in range(6)]
    for file in files:
        file.write_bytes(large_video.read_bytes())
    tab = open_page()
    own_icon = tab.page.evaluate(ICON)
    NetworkThrottle(tab).limit_upload(8_000_000)
    tab.choose(*files)
    tab.page.wait_for_function(
        "() => /0 of 6 ready · [0-9]+% · [0-9.]+ MB\\/s · .* left/.test(document.querySelector('.counts').textContent)"
    )
    assert tab.page.evaluate(ICON).startswith("data:image/svg+xml,")
    heights = [card.bounding_box() for card in tab.page.locator(".card").all()]
    assert all(box and box["height"] < 90 for box in heights), heights
    tab.save_screenshot("rows")
    tab.assert_accessible()
    tab.page.set_viewport_size({"width": 360, "height": 740})
    tab.assert_fits()
    tab.save_screenshot("rows-phone")
    for file in files:
        tab.expect_stage(file.name, "complete")
    expect(tab.page.locator(".counts")).to_have_text("6 of 6 ready")
    assert tab.page.evaluate(ICON) == own_icon


def test_a_link_opens_a_viewers_page(open_page: OpenPage, short_video: Path) -> None:
    """Its heading and title are the file's name, and it has none of an uploader's controls."""
    tab = open_page()
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "complete")
    job_id = tab.page.evaluate("() => document.querySelector('.card').dataset.job")
    viewer = open_page(path=f"#/job/{job_id}")
    expect(viewer.page.get_by_role("heading", level=1)).to_have_text(short_video.name)
    expect(viewer.page).to_have_title(short_video.name)
    buttons = viewer.page.locator(".card [data-action]:visible")
    expect(buttons).to_have_count(2)
    assert [button.get_attribute("data-action") for button in buttons.all()] == ["play", "copy"]
    viewer.wait_until_playing()
    viewer.save_screenshot("viewer")
    viewer.assert_accessible()
    viewer.page.get_by_role("link", name="All videos").click()
    expect(viewer.page.get_by_role("heading", level=1)).to_have_text("Videos")


def test_a_link_can_be_copied_and_a_finished_card_has_no_notes(open_page: OpenPage, short_video: Path) -> None:
    """The link is that of the viewer's page."""
    tab = open_page(permissions=["clipboard-read", "clipboard-write"])
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "complete")
    expect(tab.card(short_video.name).locator(".note")).to_be_hidden()
    tab.press(short_video.name, "copy")
    expect(tab.page.locator(".toast")).to_have_text("Link copied")
    link = tab.page.evaluate("() => navigator.clipboard.readText()")
    tab.page.goto(link)
    expect(tab.page.get_by_role("heading", level=1)).to_have_text(short_video.name)


def test_all_uploads_are_paused_and_resumed_together(open_page: OpenPage, large_video: Path, tmp_path: Path) -> None:
    """Files that wait for their turn are paused too, and no byte is sent twice."""
    files = [tmp_path / f"holiday {number}.mp4" for number in range(5)]
    for file in files:
        file.write_bytes(large_video.read_bytes())
    tab = open_page()
    parts: list[str] = []
    tab.page.on("request", lambda request: parts.append(request.url) if request.method == "PUT" else None)
    NetworkThrottle(tab).limit_upload(12_000_000)
    tab.choose(*files)
    tab.page.get_by_role("button", name="Pause all").click()
    expect(tab.page.locator(".card[data-stage=paused]")).to_have_count(5, timeout=FINISH_MS)
    assert len(parts) <= 6
    tab.save_screenshot("paused")
    NetworkThrottle(tab).go_online()
    tab.page.get_by_role("button", name="Resume all").click()
    for file in files:
        tab.expect_stage(file.name, "complete")
    assert len(parts) == 15


def test_a_player_that_opens_by_itself_loads_hls_only_when_it_plays(open_page: OpenPage, long_video: Path) -> None:
    """Its poster has a button, which the keys of the player press too."""
    tab = open_page()
    loaded: list[str] = []
    tab.page.on("request", lambda request: loaded.append(request.url) if "hls" in request.url else None)
    tab.choose(long_video)
    tab.expect_stage(long_video.name, "complete")
    start = tab.page.get_by_role("button", name=f"Play: {long_video.name}")
    expect(start).to_be_visible()
    expect(tab.page.get_by_label("Speed")).to_be_hidden()
    tab.page.wait_for_function("() => document.querySelector('video').poster !== ''")
    tab.save_screenshot("poster")
    tab.assert_accessible()
    assert loaded == []
    tab.page.locator("video").focus()
    tab.page.keyboard.press("k")
    tab.page.wait_for_function("() => document.querySelector('video').currentTime > 0.3")
    expect(start).to_be_hidden()
    expect(tab.page.get_by_label("Speed")).to_be_visible()


def test_the_player_has_keys_and_a_speed(open_page: OpenPage, long_video: Path) -> None:
    """They work with the focus on the video, and a key changes the choice of the speed."""
    tab = open_page()
    tab.choose(long_video)
    tab.expect_stage(long_video.name, "complete")
    tab.wait_until_playing()
    video = tab.page.locator("video")
    video.focus()
    for key in (" ", "k"):
        was_paused = video.evaluate("(video) => video.paused")
        tab.page.keyboard.press(key)
        tab.page.wait_for_function("(was) => document.querySelector('video').paused !== was", arg=was_paused)
    tab.page.keyboard.press("Shift+>")
    expect(tab.page.get_by_label("Speed")).to_have_value("1.25")
    tab.page.get_by_label("Speed").select_option("2")
    assert video.evaluate("(video) => video.playbackRate") == 2
    video.focus()
    tab.page.keyboard.press("5")
    tab.page.wait_for_function("() => Math.abs(document.querySelector('video').currentTime - 6) < 2")
    tab.page.keyboard.press("m")
    assert video.evaluate("(video) => video.muted")
    expect(tab.page.get_by_role("button", name="Picture in picture")).to_be_visible()
    tab.save_screenshot("player")
