"""Find words and docstring openings that make a text hard to search and slow to read.

`python -m tests.plain_english [PATH…]` lists them, in the files below the paths that git tracks. The rules are those of
CONTRIBUTING.md: subject, verb, object, an actor with a name, and the standard terms of the field.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

WORDS = (
    *("whoever", "nobody", "somebody", "anybody", "everybody"),  # name the actor: the caller, the worker, a reader
    *("told", "heard", "hears", "tells of"),  # logged, parsed, notified, reports
    *(
        "anew",
        "for ever",
        "asks for",
        "asked for",
        "pass over",
        "passes over",
        "passed over",
    ),  # again, forever, requests
)
OPENINGS = ("What", "Whether", "How", "Whose", "Who")
"""First words of a docstring that hide what the reader gets. Write a noun phrase, or "Return whether …"."""

SUFFIXES = (".py", ".ts", ".tsx", ".mjs", ".css", ".html", ".md", ".yaml", ".yml", ".toml", ".sh", ".in", ".jsonc")
NAMES = ("Makefile", "Dockerfile", ".dockerignore", "run")

EXCEPTIONS: dict[str, str] = {
    "tests/plain_english.py": "lists the words",
    "tests/unit/test_plain_english.py": "tests the list",
    "CONTRIBUTING.md": "explains the list",
}
"""Files that may contain the words, each with the reason."""

_WORD = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, WORDS))})(?![\w-])", re.IGNORECASE)
_OPENING = re.compile(rf"\s*({'|'.join(OPENINGS)})\b(?!.*\?$)", re.MULTILINE)
_MAYBE_OPENING = re.compile(rf"[\"']\s*({'|'.join(OPENINGS)})\b")
"""A string that begins with such a word. Only files with one are parsed, which takes most of the time."""
_TYPESCRIPT_DOCSTRING = re.compile(r"/\*\*\s*\*?\s*([^\n]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place to rewrite; `line` counts from 1."""

    path: str
    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}: {self.text.strip()[:100]}"


def findings(path: str, text: str) -> Iterator[Finding]:
    """Yield the words and the openings of one file's text."""
    lowered = text.lower()
    lines = text.splitlines() if any(word in lowered for word in WORDS) else []  # the pattern is slow
    for number, line in enumerate(lines, 1):
        if found := _WORD.search(line):
            yield Finding(path=path, line=number, text=line, reason=f"word '{found[1].lower()}'")
    for number, docstring in _docstrings(path, text):
        if found := _OPENING.match(docstring.split("\n", 1)[0]):
            yield Finding(path=path, line=number, text=docstring, reason=f"docstring begins with '{found[1]}'")


def tracked(*folders: str) -> list[Path]:
    """Return the files that the check reads, below the folders or everywhere."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *folders],  # noqa: S607 -- the git that made the checkout
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [
        ROOT / name
        for name in sorted(set(listed))
        if (name.endswith(SUFFIXES) or Path(name).name in NAMES) and name not in EXCEPTIONS and (ROOT / name).is_file()
    ]


def _docstrings(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield each docstring and its line: of modules, classes and functions, and those that follow an attribute."""
    if path.endswith(".py"):
        if not _MAYBE_OPENING.search(text):
            return
        for node in ast.walk(ast.parse(text)):
            for statement in body if isinstance(body := getattr(node, "body", None), list) else ():
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    yield statement.lineno, str(statement.value.value)
    elif path.endswith((".ts", ".tsx", ".mjs")):
        for found in _TYPESCRIPT_DOCSTRING.finditer(text):
            yield text.count("\n", 0, found.start()) + 1, found[1]


def main(folders: Sequence[str]) -> int:
    """Print every finding; return 1 if there are any."""
    found = [
        each
        for path in tracked(*folders)
        for each in findings(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    sys.stdout.write("".join(f"{each}\n" for each in found))
    words = sum(each.reason.startswith("word") for each in found)
    sys.stdout.write(f"{words} lines with words, {len(found) - words} openings\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
