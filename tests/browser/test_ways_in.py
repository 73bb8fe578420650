"""Files come to the page by drops, pastes and file dialogs, one by one or as whole folders."""

import base64
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .page_tab import OpenPage, PageTab

PASTE = """(text) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  transfer.items.add(new File([bytes], 'pasted.mp4', { type: 'video/mp4' }));
  window.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer }));
}"""
DRAG_WITHOUT_FILES = """() => {
  const options = { bubbles: true, cancelable: true, dataTransfer: new DataTransfer() };
  return ['dragover', 'drop'].map((name) => document.body.dispatchEvent(new DragEvent(name, options)));
}"""


@pytest.fixture
def folder(short_video: Path, tmp_path: Path) -> Path:
    """Return a folder with two videos in folders of their own, a picture, a text and two hidden files."""
    folder = tmp_path / "holiday"
    for name in ("day 1/harbour.mp4", "day 2/late/fireworks.mov"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(short_video.read_bytes())
    for name in ("notes.txt", "day 1/picture.jpg", "day 1/._harbour.mp4", ".DS_Store"):
        (folder / name).write_text("no video", encoding="utf-8")
    return folder


def expect_videos_of_the_folder(tab: PageTab) -> None:
    """Expect its two videos, and a word about the two files that aren't videos."""
    expect(tab.page.locator(".toast")).to_contain_text("aren't videos were left out: 2")
    expect(tab.page.locator(".card")).to_have_count(2)
    for name in ("harbour.mp4", "fireworks.mov"):
        tab.expect_stage(name, "complete")


def test_a_dropped_folder_uploads_the_videos_in_it(open_page: OpenPage, folder: Path) -> None:
    """A file that is dropped itself is listed with its problem; one in a folder is left out."""
    tab = open_page()
    tab.drag(folder)
    expect(tab.page.locator(".drop-overlay")).to_be_visible()
    tab.save_screenshot("hover")
    tab.drop(folder)
    expect(tab.page.locator(".drop-overlay")).to_be_hidden()
    expect_videos_of_the_folder(tab)
    tab.drop(folder / "notes.txt")
    tab.expect_stage("notes.txt", "uploadFailed")


def test_a_chosen_folder_uploads_the_videos_in_it(open_page: OpenPage, folder: Path) -> None:
    """The button works with the keyboard, as every other one."""
    tab = open_page()
    button = tab.page.get_by_role("button", name="Choose a folder")
    button.focus()
    with tab.page.expect_file_chooser() as chooser:
        tab.page.keyboard.press("Enter")
    chooser.value.set_files(str(folder))
    expect_videos_of_the_folder(tab)


def test_a_folder_without_a_video_says_so(open_page: OpenPage, tmp_path: Path) -> None:
    """The list stays empty."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "notes.txt").write_text("no video", encoding="utf-8")
    tab = open_page()
    tab.page.set_input_files("#folder", str(tmp_path / "texts"))
    expect(tab.page.locator(".toast")).to_contain_text("no videos in this folder")
    expect(tab.page.locator(".empty")).to_be_visible()


def test_a_pasted_video_is_uploaded(open_page: OpenPage, short_video: Path) -> None:
    """A paste of text does nothing."""
    tab = open_page()
    tab.page.evaluate("() => window.dispatchEvent(new ClipboardEvent('paste', { clipboardData: new DataTransfer() }))")
    expect(tab.page.locator(".card")).to_have_count(0)
    tab.page.evaluate(PASTE, base64.b64encode(short_video.read_bytes()).decode())
    tab.expect_stage("pasted.mp4", "complete")


def test_no_drop_opens_a_file_in_place_of_the_page(open_page: OpenPage) -> None:
    """WebKitGTK names no files before the drop, so the page accepts every drag."""
    tab = open_page()
    assert tab.page.evaluate(DRAG_WITHOUT_FILES) == [False, False], "the browser would act by itself"


def test_a_phone_is_offered_what_a_phone_can_do(open_page: OpenPage) -> None:
    """It has no drops and no folders."""
    tab = open_page(viewport={"width": 390, "height": 780}, is_mobile=True, has_touch=True)
    expect(tab.page.get_by_text("Choose videos from this device")).to_be_visible()
    expect(tab.page.get_by_text("Drop videos here")).to_be_hidden()
    expect(tab.page.get_by_role("button", name="Choose a folder")).to_be_hidden()
    tab.assert_fits()
    tab.save_screenshot("phone")
