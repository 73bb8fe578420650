"""The page on paper, and its Japanese lines."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .page_tab import OpenPage, PageTab

DARK_INK = "rgb(27, 29, 34)"
CONTROLS = "button:visible, label.button:visible, a:visible, select:visible, input[type=search]:visible"
BROKEN_WORDS = """() => {
  const words = new Intl.Segmenter('ja', { granularity: 'word' });
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const broken = [];
  let lines = 0;
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (!parentElement.checkVisibility() || parentElement.closest('.name, .visually-hidden, script')) continue;
    const starts = new Set([...words.segment(data)].map(({ index }) => index));
    const range = document.createRange();
    let bottom = Infinity;
    for (let at = 0; at < data.length; at += 1) {
      range.setStart(walker.currentNode, at);
      range.setEnd(walker.currentNode, at + 1);
      const [box] = range.getClientRects();
      if (!box || box.width === 0) continue;
      if (box.top >= bottom - 1) {
        lines += 1;
        if (!starts.has(at)) broken.push(data.slice(0, at) + '|' + data.slice(at));
      }
      bottom = box.bottom;
    }
  }
  return { lines, broken };
}"""


def test_paper_has_the_videos_and_their_states_without_controls(
    open_page: OpenPage, short_video: Path, unreadable_video: Path
) -> None:
    """The ink is dark also where the screen is dark."""
    tab = open_page(color_scheme="dark")
    tab.choose(short_video, unreadable_video)
    tab.expect_stage(short_video.name, "complete")
    tab.expect_stage(unreadable_video.name, "failed")
    tab.press(short_video.name, "play")
    tab.page.emulate_media(media="print")
    expect(tab.page.locator(CONTROLS)).to_have_count(0)
    expect(tab.page.get_by_role("heading", level=1)).to_be_visible()
    expect(tab.card(short_video.name).locator(".stage")).to_be_visible()
    expect(tab.card(unreadable_video.name).locator(".problem")).to_be_visible()
    assert tab.page.evaluate("() => getComputedStyle(document.body).color") == DARK_INK
    tab.save_screenshot("paper")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_no_japanese_line_ends_within_a_word(
    open_page: OpenPage, short_video: Path, unreadable_video: Path, tmp_path: Path, width: int
) -> None:
    """Other browsers than Chromium have no rule for phrases yet, and break anywhere."""
    notes = tmp_path / "notes.txt"
    notes.write_text("no video", encoding="utf-8")
    tab = open_page(viewport={"width": width, "height": 800}, locale="ja-JP")
    lines = assert_unbroken(tab)
    tab.choose(short_video, unreadable_video, notes)
    tab.expect_stage(short_video.name, "complete")
    tab.expect_stage(unreadable_video.name, "failed")
    tab.expect_stage(notes.name, "uploadFailed")
    lines += assert_unbroken(tab)
    assert lines > 1
    tab.save_screenshot(str(width))


def assert_unbroken(tab: PageTab) -> int:
    """Fail if a line ends within a word; return the number of line ends."""
    found: dict[str, Any] = tab.page.evaluate(BROKEN_WORDS)
    assert found["broken"] == []
    return int(found["lines"])
