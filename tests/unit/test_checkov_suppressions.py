"""Each checkov suppression has a reason, beside the resource that it applies to."""

from pathlib import Path

import pytest

from local import cloudformation_template as templates

TEMPLATES = sorted((Path(__file__).resolve().parents[2] / "infra").glob("*.yaml"))
MIN_REASON_LENGTH = 20


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_suppression_has_a_reason(path: Path) -> None:
    """A suppression applies to one check of one resource, never to a whole file."""
    text = path.read_text(encoding="utf-8")
    assert "checkov:skip" not in text  # the comment form is easy to miss in a long template
    for name, resource in templates.parse(text)["Resources"].items():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", ()):
            assert skip["id"].startswith("CKV"), name
            assert len(skip["comment"].strip()) >= MIN_REASON_LENGTH, (name, skip["id"])
