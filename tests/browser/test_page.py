"""The page in a browser, from choosing a file to a playing video."""

from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Request, expect

from .page_tab import NetworkThrottle, OpenPage


def is_part(request: Request) -> bool:
    """Return whether the request sends a part to S3."""
    return "partNumber=" in request.url and request.method == "PUT"


STAGES = ["queued", "uploading", "finishing", "waiting", "probing", "transcoding", "saving", "complete"]


def test_a_chosen_video_is_transcoded_and_plays_while_the_bar_only_grows(open_page: OpenPage, long_video: Path) -> None:
    """The player shows the video's size, sound and renditions."""
    tab = open_page()
    tab.save_screenshot("empty")
    tab.assert_accessible()
    tab.record_stages()
    tab.choose(long_video)
    tab.expect_stage(long_video.name, "transcoding")
    tab.save_screenshot("transcoding")
    tab.expect_stage(long_video.name, "complete")
    lengths = [length for _, length in tab.recorded_stages()]
    assert all(earlier <= later for earlier, later in pairwise(lengths)), lengths
    assert len(set(lengths)) > 3, lengths
    order = [STAGES.index(stage) for stage, _ in tab.recorded_stages()]
    assert order == sorted(order)
    expect(tab.card(long_video.name).locator(".meta")).to_contain_text("0:12 · 1280 × 720")  # noqa: RUF001 -- the multiplication sign

    tab.wait_until_playing()
    tab.page.evaluate("() => document.querySelector('video').loop = true")
    quality = tab.page.get_by_label("Quality")
    assert quality.locator("option").all_inner_texts()[1:] == ["720p", "360p"]
    quality.select_option("360p")
    tab.page.wait_for_function("() => document.querySelector('video').videoHeight === 360")
    quality.select_option("720p")
    tab.page.wait_for_function("() => document.querySelector('video').videoHeight === 720")
    assert tab.page.evaluate("() => document.querySelector('video').duration") > 11
    tab.save_screenshot("playing")
    tab.assert_accessible()


def test_several_files_are_uploaded_together_and_errors_are_shown_with_their_reason(
    open_page: OpenPage, short_video: Path, unreadable_video: Path, tmp_path: Path
) -> None:
    """A failed job shows its code, and a file that can't be uploaded shows why."""
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "notes.txt").write_text("no video", encoding="utf-8")
    tab = open_page()
    tab.choose(short_video, unreadable_video, tmp_path / "empty.mp4", tmp_path / "notes.txt")
    tab.expect_stage("empty.mp4", "uploadFailed")
    tab.expect_stage("notes.txt", "uploadFailed")
    expect(tab.card("notes.txt").locator(".problem")).to_contain_text("not accepted")
    tab.expect_stage(unreadable_video.name, "failed")
    expect(tab.card(unreadable_video.name).locator(".problem")).to_contain_text("not a video that can be read")
    expect(tab.card(unreadable_video.name).locator(".code")).to_have_text("Code 1010")
    tab.expect_stage(short_video.name, "complete")
    tab.save_screenshot("list")
    tab.assert_accessible()
    tab.page.emulate_media(color_scheme="dark")
    tab.page.set_viewport_size({"width": 360, "height": 740})
    tab.save_screenshot("list-dark-phone")
    tab.assert_accessible()
    tab.assert_fits()
    # Another job of a file that isn't a video would fail too.
    expect(tab.card(unreadable_video.name).locator("[data-action=retry]")).to_be_hidden()
    expect(tab.page.locator(".counts")).to_contain_text("3 failed")
    tab.page.get_by_role("button", name="Remove finished").click()
    expect(tab.page.locator(".card")).to_have_count(0)
    tab.page.get_by_role("button", name="Undo").click()
    expect(tab.page.locator(".card")).to_have_count(4)


def test_an_upload_can_be_paused_resumed_and_canceled(
    open_page: OpenPage, large_video: Path, api: httpx.Client
) -> None:
    """A paused upload sends nothing, and a canceled one leaves nothing behind."""
    tab = open_page()
    NetworkThrottle(tab).limit_upload(3_000_000)
    tab.choose(large_video)
    tab.page.wait_for_function("() => document.querySelector('.stage')?.textContent.includes('1')")
    tab.press(large_video.name, "pause")
    tab.expect_stage(large_video.name, "paused")
    before = tab.bar_length(large_video.name)
    tab.page.wait_for_timeout(700)
    assert tab.bar_length(large_video.name) == before
    tab.save_screenshot("paused")
    tab.press(large_video.name, "resume")
    tab.page.wait_for_function(
        f"() => parseFloat(document.querySelector('.track i').style.getPropertyValue('--filled')) > {before} + 5"
    )
    tab.save_screenshot("uploading")
    with tab.page.expect_response(lambda response: response.request.method == "DELETE") as aborted:
        tab.press(large_video.name, "cancel")
    tab.expect_stage(large_video.name, "uploadCanceled")
    key = httpx.URL(aborted.value.url).params["key"]
    assert api.get("/jobs", params={"input_file": key}).status_code == 404
    tab.press(large_video.name, "remove")
    expect(tab.page.locator(".card")).to_have_count(0)


def test_an_upload_resumes_after_the_connection_was_lost(open_page: OpenPage, large_video: Path) -> None:
    """It resumes by itself where it stopped."""
    tab = open_page()
    network = NetworkThrottle(tab)
    network.limit_upload(6_000_000)
    tab.choose(large_video)
    tab.page.wait_for_function(
        "() => parseFloat(document.querySelector('.track i')?.style.getPropertyValue('--filled')) > 45"
    )
    network.go_offline()
    tab.expect_stage(large_video.name, "offline")
    expect(tab.page.locator(".banner")).to_contain_text("You are offline")
    tab.save_screenshot("offline")
    created_uploads: list[str] = []
    tab.page.on(
        "request",
        lambda request: created_uploads.append(request.url) if request.url.endswith("/s3/multipart") else None,
    )
    network.go_online()
    tab.expect_stage(large_video.name, "complete")
    expect(tab.page.locator(".banner")).to_be_hidden()
    assert created_uploads == [], "started a new upload instead of resuming"


def test_a_reload_keeps_the_upload_and_its_job(open_page: OpenPage, large_video: Path) -> None:
    """The file, chosen again, sends only the missing parts, and a second tab shows the same state."""
    tab = open_page()
    NetworkThrottle(tab).limit_upload(6_000_000)
    tab.page.route("**/*partNumber=3*", lambda _: None)  # the last of the three parts never arrives
    tab.choose(large_video)
    tab.wait_for_two_stored_parts()
    other = open_page(beside=tab)
    other.expect_stage(large_video.name, "uploading")
    expect(other.card(large_video.name).locator(".stage")).to_contain_text("in another tab")
    tab.page.on("dialog", lambda dialog: dialog.accept())
    tab.page.reload()
    tab.expect_stage(large_video.name, "interrupted")
    tab.save_screenshot("interrupted")
    assert tab.bar_length(large_video.name) >= 80, "the bar shows the two parts that S3 has"
    tab.page.unroute("**/*partNumber=3*")
    sent_again: list[str] = []
    tab.page.on("request", lambda request: sent_again.append(request.url) if is_part(request) else None)
    tab.choose(large_video)
    tab.expect_stage(large_video.name, "waiting|probing|transcoding|saving|complete")
    assert len(sent_again) == 1, sent_again
    tab.page.reload()
    tab.expect_stage(large_video.name, "complete")
    other.expect_stage(large_video.name, "complete")


def test_a_canceled_job_can_be_retried(open_page: OpenPage, long_video: Path) -> None:
    """The retry doesn't upload the file again."""
    tab = open_page()
    tab.choose(long_video)
    tab.expect_stage(long_video.name, "waiting|probing|transcoding")
    tab.press(long_video.name, "cancel")
    tab.expect_stage(long_video.name, "canceled")
    tab.save_screenshot("canceled")
    tab.press(long_video.name, "retry")
    tab.expect_stage(long_video.name, "waiting|probing|transcoding")
    tab.expect_stage(long_video.name, "complete")


def test_a_link_shows_one_job_which_plays_by_keyboard(open_page: OpenPage, short_video: Path) -> None:
    """No mouse is needed from choosing the file on, and another user's list stays empty."""
    tab = open_page()
    with tab.page.expect_file_chooser() as chooser:
        tab.page.keyboard.press("Tab")
        tab.page.wait_for_function("() => document.activeElement?.id === 'files'")  # file choosers are intercepted now
        tab.page.keyboard.press("Enter")
    chooser.value.set_files(str(short_video))
    tab.expect_stage(short_video.name, "complete")
    job_id = tab.page.evaluate("() => document.querySelector('.card').dataset.job")
    other = open_page(path=f"#/job/{job_id}")
    other.expect_stage(short_video.name, "complete")
    button = other.card(short_video.name).locator("[data-action=play]")
    expect(button).to_have_text("Close player")
    button.focus()
    other.page.keyboard.press("Enter")
    expect(button).to_have_text("Play")
    other.page.keyboard.press("Enter")
    other.wait_until_playing()
    other.save_screenshot("shared")
    other.page.get_by_role("link", name="All videos").click()
    expect(other.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_without_server_sent_events_the_page_polls(open_page: OpenPage, short_video: Path) -> None:
    """The job still reaches COMPLETE where a proxy breaks Server-Sent Events."""
    tab = open_page()
    tab.page.route("**/events?*", lambda route: route.abort())
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "complete")


@pytest.mark.parametrize(("status", "code"), [(503, "too_many_streams"), (429, "too_many_streams_of_caller")])
def test_where_the_service_has_no_room_for_a_stream_the_page_polls(
    open_page: OpenPage, short_video: Path, status: int, code: str
) -> None:
    """The page shows the job's progress to its end, and no lost connection."""
    full = {"status": status, "headers": {"Retry-After": "60"}, "json": {"detail": "Full.", "code": code}}
    tab = open_page()
    tab.page.route("**/events?*", lambda route: route.fulfill(**full))
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "complete")


def test_a_link_to_an_expired_job_says_so(open_page: OpenPage) -> None:
    """A link can be older than the job's row."""
    tab = open_page(path="#/job/1763798400123-a1b2c3")
    tab.expect_stage("1763798400123-a1b2c3", "gone")
    tab.save_screenshot("gone")


def test_the_page_is_japanese_in_a_japanese_browser(open_page: OpenPage, short_video: Path) -> None:
    """This also tests a phone's viewport and the dark theme."""
    phone = {"viewport": {"width": 390, "height": 780}, "color_scheme": "dark", "locale": "ja-JP"}
    tab = open_page(**phone)
    assert tab.page.evaluate("() => document.documentElement.lang") == "ja"
    expect(tab.page.get_by_text("まだ動画がありません")).to_be_visible()
    tab.save_screenshot("empty")
    tab.choose(short_video)
    tab.expect_stage(short_video.name, "complete")
    expect(tab.card(short_video.name).locator(".stage")).to_have_text("再生できます")
    tab.page.wait_for_function("() => document.querySelector('video')?.poster")
    tab.save_screenshot("complete")
    tab.assert_accessible()
    tab.assert_fits()


def test_a_hundred_files_are_listed_at_once_and_followed_on_two_connections(
    open_page: OpenPage, api: httpx.Client
) -> None:
    """The newest file comes first."""
    fields = {"content_type": "video/mp4", "size_bytes": 1_000}
    names = [f"holiday {number:03}.mp4" for number in range(100)]
    input_files = [api.post("/uploads", json={"file_name": name, **fields}).json()["input_file"] for name in names]
    tab = open_page()
    streams: list[str] = []
    tab.page.on("request", lambda request: streams.append(request.url) if "/events?" in request.url else None)
    tab.page.evaluate(STORE_FILES, [names, input_files])
    tab.page.reload()
    expect(tab.page.locator(".card[data-stage=waiting]")).to_have_count(100, timeout=5_000)
    expect(tab.page.locator(".name").first).to_have_text(names[-1])
    tab.page.wait_for_timeout(1_000)
    assert len(streams) == 2, streams
    tab.page.set_viewport_size({"width": 360, "height": 740})
    tab.assert_fits()
    tab.save_screenshot("list")


STORE_FILES = """([names, files]) => files.forEach((inputFile, index) => localStorage.setItem(
  "mediaconvert-status.file." + inputFile,
  JSON.stringify({ inputFile, fileName: names[index], sizeBytes: 1000, addedMs: index, lastModified: 1,
                   uploadId: "u", isUploaded: true })))"""
