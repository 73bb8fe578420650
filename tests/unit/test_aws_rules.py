"""docs/aws-rules.md names an existing test for each rule, or says that only an account can tell."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNTESTED = "only an account can tell"
COLUMNS = 4


def rows() -> list[list[str]]:
    """Return the cells of each row of the table."""
    text = (ROOT / "docs" / "aws-rules.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


@pytest.mark.parametrize("cells", rows(), ids=lambda cells: cells[1][:50])
def test_a_rule_has_a_source_and_a_test(cells: list[str]) -> None:
    """A renamed test must be renamed here too."""
    assert len(cells) == COLUMNS
    assert all(cells)
    if cells[3] == UNTESTED:
        return
    tests = re.findall(r"`([^`]+)`", cells[3])
    assert tests
    for test in tests:
        path, _, name = test.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert not name or re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), test


def test_each_rule_is_listed_once() -> None:
    """Two rows of one rule would differ some day."""
    rules = [cells[1] for cells in rows()]
    assert len(set(rules)) == len(rules) > 0
