"""What checkov is told not to look at, it is told why, beside the resource that it is about."""

from pathlib import Path

import pytest

from local import cloudformation_template as templates

TEMPLATES = sorted((Path(__file__).resolve().parents[2] / "infra").glob("*.yaml"))
SHORTEST_REASON = 20


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_suppression_has_its_reason(path: Path) -> None:
    """One check of one resource at a time, never a whole file, and never without a sentence."""
    text = path.read_text(encoding="utf-8")
    assert "checkov:skip" not in text  # the comment form hides in long templates
    for name, resource in templates.parse(text)["Resources"].items():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", ()):
            assert skip["id"].startswith("CKV"), name
            assert len(skip["comment"].strip()) >= SHORTEST_REASON, (name, skip["id"])
