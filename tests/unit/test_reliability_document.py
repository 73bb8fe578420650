"""docs/reliability.md states the lengths with which `make soak` and `.ci/run` run the proofs."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \| ([\d, ]+) \| ([\d, ]+) \| `(test_\w+\.py)` \|", re.MULTILINE)
FOLDERS = ("reliability", "simulation", "integration")


def documented() -> dict[tuple[str, str], tuple[int, int]]:
    """Return the lengths in a soak and in `.ci/run`, by parameter and test file."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for names, long, short, file in ROW.findall(DOCUMENT):
        lengths = zip(re.findall(r"\w+", names), long.split(", "), short.split(", "), strict=True)
        found |= {(name, file): (int(soak), int(run)) for name, soak, run in lengths}
    return found


def used() -> dict[tuple[str, str], int]:
    """Return the short length of each parameter that a test reads, by parameter and test file."""
    reads = re.compile(r'(?:proof\.length|os\.environ\.get)\("([A-Z_]+)", "?([\d_]+)"?\)')
    return {
        (name, path.name): int(short)
        for folder in FOLDERS
        for path in sorted((ROOT / "tests" / folder).glob("test_*.py"))
        for name, short in reads.findall(path.read_text(encoding="utf-8"))
        if name != "SEED"
    }


def test_the_document_has_every_length_of_the_short_form() -> None:
    """A test that reads a parameter is in the table, with the length that `.ci/run` uses."""
    assert {key: short for key, (_, short) in documented().items()} == used()


def test_the_document_has_every_length_of_a_soak() -> None:
    """The Makefile sets them."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lengths = {
        name: int(value) for name, value in re.findall(r"^soak: export (\w+) \?= (\d+)$", makefile, re.MULTILINE)
    }
    assert {name: soak for (name, _), (soak, _) in documented().items()} == lengths
