"""The example apps in front of the whole system, and every state of the elements in the gallery."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .page_tab import FINISH_MS, OpenPage

IS_PLAYING = """() => {
  const video = document.querySelector('video-player')?.shadowRoot.querySelector('video');
  if (video?.paused && video.readyState > 1) void video.play();
  return video?.currentTime > 0.3;
}"""

BUFFERED_S = """() => {
  const { buffered } = document.querySelector('video-player').shadowRoot.querySelector('video');
  return buffered.length && buffered.end(0);
}"""
SEGMENT_S = 6
SHOW_60_FRAMES = """async () => {
  for (let count = 0; count < 60; count++) await new Promise(requestAnimationFrame);
}"""

STAGES = 18
BUTTON_COLOURS = """() => [
  document.querySelector('body > button'),
  document.querySelector('video-upload').shadowRoot.querySelector('button'),
].map((button) => getComputedStyle(button).backgroundColor)"""
ADD_STYLES = """(text) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  document.adoptedStyleSheets.push(sheet);
}"""


@pytest.mark.parametrize(
    ("name", "chooser"), [("plain", "video-upload input"), ("react", "input[type=file]"), ("vue", "video-upload input")]
)
def test_an_example_app_uploads_a_video_and_plays_it(
    open_page: OpenPage,
    built_examples: Path,
    serve_app: Callable[[Path], str],
    short_video: Path,
    name: str,
    chooser: str,
) -> None:
    """Each app has about ten lines, and runs under the page's own content security policy."""
    tab = open_page(url=serve_app(built_examples / name / "dist"))
    refused: list[str] = []
    tab.page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    tab.page.set_input_files(chooser, str(short_video))
    expect(tab.page.get_by_text("Ready to play").first).to_be_visible(timeout=FINISH_MS)
    tab.page.wait_for_function(IS_PLAYING)
    tab.assert_accessible()
    tab.save_screenshot("ready")
    assert refused == []


def test_a_player_loads_one_segment_until_it_plays(
    open_page: OpenPage, built_examples: Path, serve_app: Callable[[Path], str], long_video: Path
) -> None:
    """A page can have a player for each of many videos, and each segment costs its operator money."""
    tab = open_page(url=serve_app(built_examples / "plain" / "dist"))
    tab.page.set_input_files("video-upload input", str(long_video))
    tab.page.wait_for_function(
        f"() => document.querySelector('video-player') && ({BUFFERED_S})() > 0", timeout=FINISH_MS
    )
    tab.page.evaluate(SHOW_60_FRAMES)  # hls.js decides ten times a second whether to load more
    assert tab.page.evaluate(BUFFERED_S) < 1.5 * SEGMENT_S
    tab.page.evaluate("() => void document.querySelector('video-player').media.play()")
    tab.page.wait_for_function(f"() => ({BUFFERED_S})() > {1.5 * SEGMENT_S}")


def test_an_upload_element_is_part_of_its_form(
    open_page: OpenPage, built_examples: Path, serve_app: Callable[[Path], str], short_video: Path
) -> None:
    """Its value is the input file; it is invalid without one; and a node that moves keeps its state."""
    tab = open_page(url=serve_app(built_examples / "plain" / "dist"))
    tab.page.evaluate(
        """() => {
        document.body.insertAdjacentHTML('beforeend', `<form><video-upload name="video" required
          api-base-url="/"></video-upload></form><section></section>`);
        window.uploadElement = document.querySelector('form video-upload');
        window.events = [];
        for (const name of ['uploaded', 'complete']) {
          window.uploadElement.addEventListener(name, () => window.events.push(name));
        }
        }"""
    )
    assert tab.page.evaluate("() => document.forms[0].checkValidity()") is False
    tab.page.set_input_files("form video-upload input", str(short_video))
    tab.page.wait_for_function("() => document.forms[0].checkValidity()")
    value = tab.page.evaluate("() => new FormData(document.forms[0]).getAll('video')")
    assert [Path(each).name for each in value] == [short_video.name]
    tab.page.evaluate("() => document.querySelector('section').append(document.forms[0])")
    assert tab.page.evaluate("() => new FormData(document.forms[0]).getAll('video')") == value
    tab.page.wait_for_function("() => window.events.includes('complete')", timeout=FINISH_MS)
    assert tab.page.evaluate("() => window.events") == ["uploaded", "complete"]


def test_a_file_or_a_folder_that_is_dropped_on_the_element_is_uploaded(
    open_page: OpenPage,
    built_examples: Path,
    serve_app: Callable[[Path], str],
    short_video: Path,
    unreadable_video: Path,
    tmp_path: Path,
) -> None:
    """Files of the folder that aren't videos are left out."""
    (tmp_path / "holiday" / "day 1").mkdir(parents=True)
    (tmp_path / "holiday" / "day 1" / "harbour.mp4").write_bytes(short_video.read_bytes())
    (tmp_path / "holiday" / "notes.txt").write_text("no video", encoding="utf-8")
    tab = open_page(url=serve_app(built_examples / "plain" / "dist"))
    box = tab.page.locator("video-upload").bounding_box()
    assert box
    x, y = round(box["x"] + 20), round(box["y"] + 20)
    tab.drop(unreadable_video, x=x, y=y)
    tab.drop(tmp_path / "holiday", x=x, y=y)
    expect(tab.page.get_by_text("Ready to play", exact=True)).to_be_visible(timeout=FINISH_MS)
    assert tab.page.locator("video-list [part=name]").all_inner_texts() == ["harbour.mp4", unreadable_video.name]


def test_an_element_has_the_texts_of_its_app_and_reports_a_refused_file(
    open_page: OpenPage, built_examples: Path, serve_app: Callable[[Path], str], tmp_path: Path
) -> None:
    """Texts are found by key; those that the app doesn't name stay as they are. Events don't bubble."""
    notes = tmp_path / "notes.txt"
    notes.write_text("no video", encoding="utf-8")
    tab = open_page(url=serve_app(built_examples / "plain" / "dist"))
    tab.page.evaluate(
        """() => {
        const element = document.querySelector('video-upload');
        element.labels = { choose: 'Add a film' };
        window.errors = [];
        element.addEventListener('error', ({ video, error }) => window.errors.push([video.fileName, error.code]));
        document.body.addEventListener('error', () => window.errors.push('bubbled'));
        }"""
    )
    expect(tab.page.get_by_role("button", name="Add a film")).to_be_visible()
    expect(tab.page.get_by_text("or drop them here")).to_be_visible()
    tab.page.set_input_files("video-upload input", str(notes))
    tab.page.wait_for_function("() => window.errors.length > 0")
    assert tab.page.evaluate("() => window.errors") == [[notes.name, "unsupported_content_type"]]


def test_styles_neither_leave_an_element_nor_enter_it(
    open_page: OpenPage, built_examples: Path, serve_app: Callable[[Path], str]
) -> None:
    """An app changes an element by its parts and its custom properties alone."""
    tab = open_page(url=serve_app(built_examples / "plain" / "dist"))
    tab.page.evaluate("() => document.body.append(document.createElement('button'))")
    own = tab.page.evaluate(BUTTON_COLOURS)
    tab.page.evaluate(ADD_STYLES, "button { background: rgb(1, 2, 3); }")
    assert tab.page.evaluate(BUTTON_COLOURS) == ["rgb(1, 2, 3)", own[1]]
    assert own[0] != own[1]
    tab.page.evaluate(ADD_STYLES, "video-upload { --video-accent: rgb(4, 5, 6); }")
    assert tab.page.evaluate(BUTTON_COLOURS)[1] == "rgb(4, 5, 6)"
    tab.page.evaluate(ADD_STYLES, "video-upload::part(button) { background: rgb(7, 8, 9); }")
    assert tab.page.evaluate(BUTTON_COLOURS)[1] == "rgb(7, 8, 9)"


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_of_every_element_is_accessible(
    open_page: OpenPage, built_examples: Path, serve_app: Callable[[Path], str], language: str, scheme: str
) -> None:
    """Each bar has a name and words, and nothing is wider than a phone."""
    tab = open_page(
        url=serve_app(built_examples / "gallery" / "dist"), path=f"?language={language}", color_scheme=scheme
    )
    bars = tab.page.locator("video-progress [role=progressbar]")
    expect(bars).to_have_count(STAGES)
    for bar in bars.all():
        assert bar.get_attribute("aria-label")
        assert bar.get_attribute("aria-valuetext")
    tab.assert_accessible()
    assert tab.page.locator("video-progress:state(failed)").count() == 1
    tab.page.set_viewport_size({"width": 320, "height": 800})
    tab.assert_fits()
    tab.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    tab.save_screenshot("phone")
