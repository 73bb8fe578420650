"""A browser tab with the page: its cards, addressed by file name, and what they show."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Locator, Page

FINISH_MS = 45_000
ACTION_TIMEOUT_MS = 20_000
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"

READ_BAR_LENGTH = """(card) => [...card.querySelectorAll('.track i')].reduce((sum, each) =>
  sum + parseFloat(each.style.getPropertyValue('--filled') || '0'), 0)"""

HAS_TWO_PARTS = """() => Object.values(localStorage).some((text) => text.includes('"confirmedBytes":16777216'))"""

IS_IN_STAGE = """([name, stages]) => {
  const isOf = (card) => card.querySelector('.name').textContent === name;
  const cards = [...document.querySelectorAll('.card')].filter(isOf);
  return cards.length === 1 && stages.includes(cards[0].dataset.stage);
}"""

RECORD_STAGES = """() => {
  window.seen = [];
  const note = () => {
    for (const card of document.querySelectorAll('.card')) {
      const length = (READ_BAR_LENGTH)(card);
      const last = window.seen.at(-1);
      if (last?.[0] !== card.dataset.stage || last?.[1] !== length) window.seen.push([card.dataset.stage, length]);
    }
  };
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
}""".replace("READ_BAR_LENGTH", READ_BAR_LENGTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTab:
    """A tab with the page."""

    page: Page
    screenshots: Path
    name: str

    def choose(self, *files: Path) -> None:
        """Choose files as with the file dialog."""
        self.page.set_input_files("#files", [str(file) for file in files])

    def drag(self, *paths: Path, x: int = 200, y: int = 200) -> None:
        """Drag files and folders to a place on the page, as from a file manager, without a drop."""
        self._drag(("dragEnter", "dragOver"), paths, x, y)

    def drop(self, *paths: Path, x: int = 200, y: int = 200) -> None:
        """Drop files and folders on a place of the page."""
        self._drag(("dragEnter", "dragOver", "drop"), paths, x, y)

    def _drag(self, kinds: tuple[str, ...], paths: tuple[Path, ...], x: int, y: int) -> None:
        session = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in kinds:
            session.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})

    def card(self, file_name: str) -> Locator:
        """Return the card of a file."""
        heading = self.page.get_by_role("heading", name=file_name, exact=True)
        return self.page.locator(".card").filter(has=heading)

    def expect_stage(self, file_name: str, stage: str, *, timeout_ms: float = FINISH_MS) -> None:
        """Wait until the file's card is in a stage; several stages are separated by `|`.

        The check runs in every frame, because `expect` polls twice a second and a stage can be shorter.
        """
        self.page.wait_for_function(IS_IN_STAGE, arg=[file_name, stage.split("|")], timeout=timeout_ms)

    def bar_length(self, file_name: str) -> float:
        """Return the length of the card's bar, from 0 to 200."""
        return float(self.card(file_name).evaluate(READ_BAR_LENGTH))

    def wait_for_two_stored_parts(self) -> None:
        """Wait until S3 has confirmed two parts of the only upload; the page keeps their bytes in its storage."""
        self.page.wait_for_function(HAS_TWO_PARTS)

    def press(self, file_name: str, action: str) -> None:
        """Click a button of the file's card, and answer yes if the page asks."""
        self.card(file_name).locator(f"[data-action={action}]").click()
        if action == "cancel":
            self.page.locator("dialog .button.main").click()

    def record_stages(self) -> None:
        """Record each stage and bar length that the page shows from now on."""
        self.page.evaluate(RECORD_STAGES)

    def recorded_stages(self) -> list[tuple[str, float]]:
        """Return the recorded stages and bar lengths."""
        return [(stage, length) for stage, length in self.page.evaluate("() => window.seen")]

    def wait_until_playing(self) -> None:
        """Play the video, and wait until its time advances."""
        self.page.wait_for_function(
            "() => document.querySelector('.start') ?? document.querySelector('video')?.readyState > 1"
        )
        self.page.evaluate("() => document.querySelector('.start')?.click()")
        self.page.wait_for_function("() => document.querySelector('video')?.readyState > 1")
        self.page.evaluate("() => document.querySelector('video').play()")
        self.page.wait_for_function("() => document.querySelector('video')?.currentTime > 0.5")

    def assert_accessible(self) -> None:
        """Fail if axe finds a serious or critical accessibility violation."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        rules = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
        found = self.page.evaluate("(runOnly) => axe.run(document, { runOnly })", rules)
        serious = [
            (each["id"], each["help"], [node["html"] for node in each["nodes"]])
            for each in found["violations"]
            if each["impact"] in {"serious", "critical"}
        ]
        assert not serious, serious

    def assert_fits(self) -> None:
        """Fail if the page is wider than the window."""
        assert self.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")

    def save_screenshot(self, state: str) -> None:
        """Save a screenshot."""
        self.page.screenshot(path=self.screenshots / f"{self.name}-{state}.png", animations="disabled")


OpenPage = Callable[..., PageTab]
"""The function that the fixture `open_page` yields."""


class NetworkThrottle:
    """The network conditions of a tab: throttled or offline."""

    def __init__(self, tab: PageTab) -> None:
        self._session: CDPSession = tab.page.context.new_cdp_session(tab.page)

    def limit_upload(self, upload_bytes_per_s: int) -> None:
        """Limit the upload rate."""
        self._set(offline=False, uploadThroughput=upload_bytes_per_s)

    def go_offline(self) -> None:
        """Take the tab offline."""
        self._set(offline=True, uploadThroughput=-1)

    def go_online(self) -> None:
        """Remove all limits."""
        self._set(offline=False, uploadThroughput=-1)

    def _set(self, **conditions: Any) -> None:  # noqa: ANN401 -- parameters of Chromium's protocol
        conditions = {"latency": 0, "downloadThroughput": -1, **conditions}
        self._session.send("Network.emulateNetworkConditions", conditions)
