"""The documents' links lead to files and headings that exist, and the files that they name exist."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
if not (ROOT / ".git").exists():
    pytest.skip("the image of the tests has neither git nor all documents", allow_module_level=True)
LISTED = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
DOCUMENTS = [ROOT / name for name in LISTED.stdout.splitlines() if (ROOT / name).is_file()]
RECORDS = ("CHANGELOG.md", "docs/adr/")
"""Documents about the past, which may name files that were moved since."""

_LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"')
_NAMED_FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|yaml|yml|json|md|ts|toml|lock|png))`")
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def name_of(path: Path) -> str:
    """Return the path as it is seen from the repository's root."""
    return path.relative_to(ROOT).as_posix()


@cache
def prose(document: Path) -> str:
    """Return the document's text without its blocks of code."""
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub makes of the document's headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(document)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        repeated = sum(each == slug or each.rpartition("-")[0] == slug for each in found)
        found.add(f"{slug}-{repeated}" if slug in found else slug)
    return found


def broken_links(document: Path) -> Iterator[str]:
    """Yield the relative links that lead to no file or to no heading."""
    for link in ("".join(groups) for groups in _LINK.findall(prose(document))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    """A file or heading that is renamed takes its links with it."""
    assert list(broken_links(document)) == []


@pytest.mark.parametrize("document", [each for each in DOCUMENTS if not name_of(each).startswith(RECORDS)], ids=name_of)
def test_every_named_file_exists(document: Path) -> None:
    """A file in backticks is named from the repository's root, or from the document's folder."""
    named = set(_NAMED_FILE.findall(prose(document)))
    assert {each for each in named if not ((ROOT / each).exists() or (document.parent / each).exists())} == set()


def test_links_to_missing_files_and_headings_are_found(tmp_path: Path) -> None:
    """Links to other sites are not followed."""
    document = tmp_path / "a.md"
    document.write_text("# One two?\n[a](#one-two) [b](#two) [c](b.md) [d](https://e.example/f)", encoding="utf-8")
    assert list(broken_links(document)) == ["#two", "b.md"]
