"""From choosing a file to a playing video, in a browser."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import httpx
from playwright.sync_api import expect

from tests.fake_issuer import little_issuer

from .cards import FINISH_MS, Line, Watched
from .conftest import OpenPage

STAGES = ["queued", "uploading", "finishing", "waiting", "probing", "transcoding", "saving", "complete"]


def plays(watched: Watched) -> None:
    """Wait until the video's time advances."""
    watched.page.wait_for_function("() => document.querySelector('video')?.readyState > 1")
    watched.page.evaluate("() => document.querySelector('video').play()")
    watched.page.wait_for_function("() => document.querySelector('video')?.currentTime > 0.5")


def test_a_video_goes_from_choosing_to_playing_on_one_bar_that_only_grows(open_page: OpenPage, film: Path) -> None:
    """And the player has its size, sound and renditions."""
    watched = open_page()
    watched.picture("empty")
    watched.assert_accessible()
    watched.record()
    watched.choose(film)
    watched.expect_stage(film.name, "transcoding")
    watched.picture("transcoding")
    watched.expect_stage(film.name, "complete")
    lengths = [filled for _, filled in watched.recorded()]
    assert all(earlier <= later for earlier, later in pairwise(lengths)), lengths
    assert len(set(lengths)) > 3, lengths
    order = [STAGES.index(stage) for stage, _ in watched.recorded()]
    assert order == sorted(order)
    expect(watched.card(film.name).locator(".meta")).to_contain_text("0:12 · 1280 × 720")  # noqa: RUF001 -- a sign of sizes

    plays(watched)
    watched.page.evaluate("() => document.querySelector('video').loop = true")
    quality = watched.page.get_by_label("Quality")
    assert quality.locator("option").all_inner_texts()[1:] == ["720p", "360p"]
    quality.select_option("360p")
    watched.page.wait_for_function("() => document.querySelector('video').videoHeight === 360")
    quality.select_option("720p")
    watched.page.wait_for_function("() => document.querySelector('video').videoHeight === 720")
    assert watched.page.evaluate("() => document.querySelector('video').duration") > 11
    watched.picture("playing")
    watched.assert_accessible()


def test_several_files_go_beside_each_other_and_an_error_is_told_in_words(
    open_page: OpenPage, short: Path, broken: Path, tmp_path: Path
) -> None:
    """With its code; what can't be sent at all is told too."""
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "notes.txt").write_text("no video", encoding="utf-8")
    watched = open_page()
    watched.choose(short, broken, tmp_path / "empty.mp4", tmp_path / "notes.txt")
    watched.expect_stage("empty.mp4", "uploadFailed")
    watched.expect_stage("notes.txt", "uploadFailed")
    expect(watched.card("notes.txt").locator(".problem")).to_contain_text("not accepted")
    watched.expect_stage(broken.name, "failed")
    expect(watched.card(broken.name).locator(".problem")).to_contain_text("not a video that can be read")
    expect(watched.card(broken.name).locator(".code")).to_have_text("Code 1010")
    watched.expect_stage(short.name, "complete")
    watched.picture("list")
    watched.assert_accessible()
    watched.page.emulate_media(color_scheme="dark")
    watched.page.set_viewport_size({"width": 360, "height": 740})
    watched.picture("list-dark-phone")
    watched.assert_accessible()
    watched.assert_fits()
    first = watched.card(broken.name).get_attribute("data-job")
    watched.press(broken.name, "retry")
    expect(watched.card(broken.name)).not_to_have_attribute("data-job", str(first), timeout=FINISH_MS)
    expect(watched.card(broken.name)).not_to_have_attribute("data-job", "", timeout=FINISH_MS)
    watched.expect_stage(broken.name, "failed")


def test_an_upload_pauses_goes_on_and_is_cancelled(open_page: OpenPage, large: Path, api: httpx.Client) -> None:
    """Nothing is sent while it pauses, and nothing of it is left after the end."""
    watched = open_page()
    Line(watched).slow(3_000_000)
    watched.choose(large)
    watched.page.wait_for_function("() => document.querySelector('.stage')?.textContent.includes('1')")
    watched.press(large.name, "pause")
    watched.expect_stage(large.name, "paused")
    before = watched.filled(large.name)
    watched.page.wait_for_timeout(700)
    assert watched.filled(large.name) == before
    watched.picture("paused")
    watched.press(large.name, "resume")
    watched.page.wait_for_function(
        f"() => parseFloat(document.querySelector('.track i').style.getPropertyValue('--filled')) > {before} + 5"
    )
    watched.picture("uploading")
    with watched.page.expect_response(lambda answer: answer.request.method == "DELETE") as aborted:
        watched.press(large.name, "cancel")
    watched.expect_stage(large.name, "uploadCanceled")
    key = httpx.URL(aborted.value.url).params["key"]
    assert api.get("/jobs", params={"input_file": key}).status_code == 404
    watched.press(large.name, "remove")
    expect(watched.page.locator(".card")).to_have_count(0)


def test_a_connection_that_breaks_is_waited_for(open_page: OpenPage, large: Path) -> None:
    """In the middle of an upload; it goes on by itself where it stopped."""
    watched = open_page()
    line = Line(watched)
    line.slow(6_000_000)
    watched.choose(large)
    watched.page.wait_for_function(
        "() => parseFloat(document.querySelector('.track i')?.style.getPropertyValue('--filled')) > 45"
    )
    line.cut()
    watched.expect_stage(large.name, "offline")
    expect(watched.page.locator(".banner")).to_contain_text("You are offline")
    watched.picture("offline")
    begun: list[str] = []
    watched.page.on(
        "request", lambda request: begun.append(request.url) if request.url.endswith("/s3/multipart") else None
    )
    line.free()
    watched.expect_stage(large.name, "complete")
    expect(watched.page.locator(".banner")).to_be_hidden()
    assert begun == [], "began anew instead of going on"


def test_a_reload_in_the_middle_finds_upload_and_job_again(open_page: OpenPage, large: Path) -> None:
    """The same file, chosen again, sends only the rest; a second tab shows the same."""
    watched = open_page()
    Line(watched).slow(6_000_000)
    watched.choose(large)
    watched.page.wait_for_function(
        "() => parseFloat(document.querySelector('.track i')?.style.getPropertyValue('--filled')) > 55"
    )
    other = open_page(beside=watched)
    other.expect_stage(large.name, "uploading")
    expect(other.card(large.name).locator(".stage")).to_contain_text("in another tab")
    watched.page.on("dialog", lambda dialog: dialog.accept())
    watched.page.reload()
    watched.expect_stage(large.name, "interrupted")
    watched.picture("interrupted")
    parts: list[str] = []
    watched.page.on(
        "request",
        lambda request: parts.append(request.url) if "partNumber=" in request.url and request.method == "PUT" else None,
    )
    watched.choose(large)
    watched.expect_stage(large.name, "waiting|probing|transcoding|saving|complete")
    assert len(parts) == 2, parts
    watched.page.reload()
    watched.expect_stage(large.name, "complete")
    other.expect_stage(large.name, "complete")


def test_a_job_is_cancelled_and_tried_again(open_page: OpenPage, film: Path) -> None:
    """Without uploading it a second time."""
    watched = open_page()
    watched.choose(film)
    watched.expect_stage(film.name, "waiting|probing|transcoding")
    watched.press(film.name, "cancel")
    watched.expect_stage(film.name, "canceled")
    watched.picture("canceled")
    watched.press(film.name, "retry")
    watched.expect_stage(film.name, "waiting|probing|transcoding")
    watched.expect_stage(film.name, "complete")


def test_a_link_shows_one_job_to_somebody_else_and_it_plays_by_keyboard(open_page: OpenPage, short: Path) -> None:
    """From choosing the file on, no mouse is needed; the other has nothing in their list."""
    watched = open_page()
    with watched.page.expect_file_chooser() as chooser:
        watched.page.keyboard.press("Tab")
        watched.page.wait_for_function("() => document.activeElement?.id === 'files'")  # and choosers are caught by now
        watched.page.keyboard.press("Enter")
    chooser.value.set_files(str(short))
    watched.expect_stage(short.name, "complete")
    job_id = watched.page.evaluate("() => document.querySelector('.card').dataset.job")
    other = open_page(path=f"#/job/{job_id}")
    other.expect_stage(short.name, "complete")
    button = other.card(short.name).locator("[data-action=play]")
    expect(button).to_have_text("Close player")
    button.focus()
    other.page.keyboard.press("Enter")
    expect(button).to_have_text("Play")
    other.page.keyboard.press("Enter")
    plays(other)
    other.picture("shared")
    other.page.get_by_role("link", name="All videos").click()
    expect(other.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()


def test_without_streams_the_page_asks(open_page: OpenPage, short: Path) -> None:
    """Where something on the way breaks Server-Sent Events, the bar moves all the same."""
    watched = open_page()
    watched.page.route("**/events?*", lambda route: route.abort())
    watched.choose(short)
    watched.expect_stage(short.name, "complete")


def test_a_job_that_is_no_longer_kept_is_told(open_page: OpenPage) -> None:
    """A link can be older than the job's row."""
    watched = open_page(path="#/job/1763798400123-a1b2c3")
    watched.expect_stage("1763798400123-a1b2c3", "gone")
    watched.picture("gone")


def test_it_speaks_japanese_to_who_reads_it(open_page: OpenPage, short: Path) -> None:
    """On a phone, in the dark."""
    phone = {"viewport": {"width": 390, "height": 780}, "color_scheme": "dark", "locale": "ja-JP"}
    watched = open_page(**phone)
    assert watched.page.evaluate("() => document.documentElement.lang") == "ja"
    expect(watched.page.get_by_text("まだ動画がありません")).to_be_visible()
    watched.picture("empty")
    watched.choose(short)
    watched.expect_stage(short.name, "complete")
    expect(watched.card(short.name).locator(".stage")).to_have_text("再生できます")
    watched.page.wait_for_function("() => document.querySelector('video')?.readyState > 1")
    watched.picture("complete")
    watched.assert_accessible()
    watched.assert_fits()


def test_a_hundred_files_are_shown_at_once_and_followed_on_two_connections(
    open_page: OpenPage, api: httpx.Client
) -> None:
    """All of them, newest first."""
    wanted = {"content_type": "video/mp4", "size_bytes": 1_000}
    names = [f"holiday {number:03}.mp4" for number in range(100)]
    told = [api.post("/uploads", json={"file_name": name, **wanted}).json()["input_file"] for name in names]
    watched = open_page()
    streams: list[str] = []
    watched.page.on("request", lambda request: streams.append(request.url) if "/events?" in request.url else None)
    watched.page.evaluate(REMEMBER, [names, told])
    watched.page.reload()
    expect(watched.page.locator(".card[data-stage=waiting]")).to_have_count(100, timeout=5_000)
    expect(watched.page.locator(".name").first).to_have_text(names[-1])
    watched.page.wait_for_timeout(1_000)
    assert len(streams) == 2, streams
    watched.page.set_viewport_size({"width": 360, "height": 740})
    watched.assert_fits()
    watched.picture("list")


REMEMBER = """([names, files]) => files.forEach((inputFile, index) => localStorage.setItem(
  "mediaconvert-status.file." + inputFile,
  JSON.stringify({ inputFile, fileName: names[index], sizeBytes: 1000, addedMs: index, lastModified: 1,
                   uploadId: "u", isUploaded: true })))"""


def test_it_asks_for_a_token_where_the_api_wants_one_and_plays_with_it(
    open_page: OpenPage, guarded_api: Callable[[str], str], short: Path
) -> None:
    """In the middle of what the user was doing, which then goes on."""
    with little_issuer() as issuer:
        watched = open_page(url=guarded_api(issuer.url))
        watched.choose(short)
        dialog = watched.page.get_by_role("dialog", name="Sign in")
        dialog.get_by_role("button", name="Not now").click()
        watched.expect_stage(short.name, "uploadFailed")
        watched.press(short.name, "retry")
        dialog.get_by_label("Access token").fill(issuer.token())
        watched.picture("sign-in")
        watched.assert_accessible()
        dialog.get_by_role("button", name="Sign in").click()
        watched.expect_stage(short.name, "complete")
        plays(watched)


def test_it_signs_in_at_the_provider_and_stays_where_it_was(
    open_page: OpenPage, guarded_api: Callable[..., str], short: Path
) -> None:
    """A refused token is renewed without a word."""
    with little_issuer() as issuer:
        issuer.lifetime_s = -3600
        watched = open_page(url=guarded_api(issuer.url, oidc=True), path="#/job/1763798400123-a1b2c3")
        watched.expect_stage("1763798400123-a1b2c3", "gone")
        assert watched.page.url.endswith("/#/job/1763798400123-a1b2c3")
        assert issuer.refreshes
        watched.page.get_by_role("link", name="All videos").click()
        watched.choose(short)
        watched.expect_stage(short.name, "complete")
        watched.assert_accessible()
        watched.picture("signed-in")
        watched.page.get_by_role("button", name="Sign out").click()
        watched.page.wait_for_url(f"{issuer.url}/signed-out*")


def test_where_a_token_cannot_be_renewed_it_signs_in_beside_the_page(
    open_page: OpenPage, guarded_api: Callable[..., str], short: Path
) -> None:
    """So what is on the page stays there."""
    with little_issuer() as issuer:
        issuer.refreshes, issuer.lifetime_s = None, -3600
        watched = open_page(url=guarded_api(issuer.url, oidc=True))
        watched.page.wait_for_function("() => !location.search && sessionStorage.length > 0")
        issuer.lifetime_s = 300
        watched.choose(short)
        watched.expect_stage(short.name, "uploadFailed")
        watched.picture("signed-out")
        with watched.page.expect_popup() as window:
            watched.page.get_by_role("button", name="Sign in").click()
        window.value.wait_for_event("close")
        expect(watched.page.get_by_role("button", name="Sign in")).to_be_hidden()
        watched.press(short.name, "retry")
        watched.expect_stage(short.name, "complete")
