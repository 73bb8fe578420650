"""`python -m deploy.cost`: write docs/cost.md."""

from pathlib import Path

from deploy.cost.cost_report import document

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "cost.md"

if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
