"""Chromium, with Playwright."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from .driven_tab import DrivenTab
from .page_tab import ACTION_TIMEOUT_MS


class ChromiumTab(DrivenTab):
    """A tab in a new context of the browser."""

    def __init__(self, browser: Browser, size: tuple[int, int]) -> None:
        self._context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        self._page = self._context.new_page()
        self._page.set_default_timeout(ACTION_TIMEOUT_MS)

    def goto(self, url: str) -> None:
        """Open the address, and wait until it is loaded."""
        self._page.goto(url)

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 -- JSON
        """Run the script in the page, and return its result."""
        return self._page.evaluate(f"(all) => (function () {{ {script} }}).apply(null, all)", list(arguments))

    def choose(self, css: str, files: Sequence[Path]) -> None:
        """Choose files in a file input."""
        self._page.set_input_files(css, [str(file) for file in files])

    def click(self, css: str) -> None:
        """Click an element."""
        self._page.locator(css).click()

    def enter(self, css: str, text: str) -> None:
        """Type into an element."""
        self._page.locator(css).fill(text)

    def set_offline(self, *, is_offline: bool) -> None:
        """Take the browser offline, or back."""
        self._context.set_offline(is_offline)

    def save_screenshot(self, path: Path) -> None:
        """Save a screenshot."""
        self._page.screenshot(path=path)

    def close(self) -> None:
        """End the context."""
        self._context.close()
