"""The page as its users see it: cards by their file's name, and what is on them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Locator, Page

FINISH_MS = 45_000
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"

FILLED = """(card) => [...card.querySelectorAll('.track i')].reduce((sum, each) =>
  sum + parseFloat(each.style.getPropertyValue('--filled') || '0'), 0)"""

IN_STAGE = """([name, stages]) => {
  const isOf = (card) => card.querySelector('.name').textContent === name;
  const cards = [...document.querySelectorAll('.card')].filter(isOf);
  return cards.length === 1 && stages.includes(cards[0].dataset.stage);
}"""

RECORD = """() => {
  window.seen = [];
  const note = () => {
    for (const card of document.querySelectorAll('.card')) {
      const filled = (FILLED)(card);
      const last = window.seen.at(-1);
      if (last?.[0] !== card.dataset.stage || last?.[1] !== filled) window.seen.push([card.dataset.stage, filled]);
    }
  };
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true });
}""".replace("FILLED", FILLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A tab with the page."""

    page: Page
    screenshots: Path
    name: str

    def choose(self, *files: Path) -> None:
        """Choose files as with the dialog."""
        self.page.set_input_files("#files", [str(file) for file in files])

    def card(self, file_name: str) -> Locator:
        """The card of a file."""
        heading = self.page.get_by_role("heading", name=file_name, exact=True)
        return self.page.locator(".card").filter(has=heading)

    def expect_stage(self, file_name: str, stage: str, *, timeout_ms: float = FINISH_MS) -> None:
        """Wait until the file's card is in a stage; stages are separated by `|`.

        Looks at every frame: `expect` looks twice a second, and a stage can be over sooner.
        """
        self.page.wait_for_function(IN_STAGE, arg=[file_name, stage.split("|")], timeout=timeout_ms)

    def filled(self, file_name: str) -> float:
        """How far the card's bar is, 0 to 200."""
        return float(self.card(file_name).evaluate(FILLED))

    def press(self, file_name: str, action: str) -> None:
        """Click a button of the file's card."""
        self.card(file_name).locator(f"[data-action={action}]").click()

    def record(self) -> None:
        """Note from now on each stage and length of the bar that the page shows."""
        self.page.evaluate(RECORD)

    def recorded(self) -> list[tuple[str, float]]:
        """What was noted."""
        return [(stage, filled) for stage, filled in self.page.evaluate("() => window.seen")]

    def assert_accessible(self) -> None:
        """Let axe look for what keeps people out; nothing serious may be found."""
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
        """Nothing stands out to the side."""
        assert self.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")

    def picture(self, state: str) -> None:
        """Keep a picture."""
        self.page.screenshot(path=self.screenshots / f"{self.name}-{state}.png", animations="disabled")


class Line:
    """The tab's connection, made slow or cut."""

    def __init__(self, watched: Watched) -> None:
        self._session: CDPSession = watched.page.context.new_cdp_session(watched.page)

    def slow(self, upload_bytes_per_s: int) -> None:
        """Send no faster than this."""
        self._set(offline=False, uploadThroughput=upload_bytes_per_s)

    def cut(self) -> None:
        """Send and receive nothing."""
        self._set(offline=True, uploadThroughput=-1)

    def free(self) -> None:
        """As fast as it goes."""
        self._set(offline=False, uploadThroughput=-1)

    def _set(self, **conditions: Any) -> None:  # noqa: ANN401 -- of Chromium's protocol
        conditions = {"latency": 0, "downloadThroughput": -1, **conditions}
        self._session.send("Network.emulateNetworkConditions", conditions)
