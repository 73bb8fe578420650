"""The texts of the project are plain, and the names of its classes are unambiguous. CONTRIBUTING.md has the rules."""

import ast
from collections import Counter

import pytest

from tests.plain_english import ROOT, findings, tracked

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git lists the files, and there is no checkout")
PACKAGES = ("transcode", "service", "worker", "client", "emulator", "local", "deploy")


def test_no_text_has_a_word_or_an_opening_that_is_hard_to_search() -> None:
    """The counts of both are 0; EXCEPTIONS names the files that list the words."""
    found = [
        str(each)
        for path in tracked()
        for each in findings(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        '"""Whether the job ended."""',
        'def f():\n    """How it is done."""',
        "A = 1\n" + '"""What the number means."""',
        "# whoever calls this",
        "told = 1",
        "# it is read anew",
    ],
)
def test_the_check_finds_words_and_openings(text: str) -> None:
    """It reads the docstrings of modules, functions and attributes, and every line."""
    assert len(list(findings("a.py", text))) == 1


def test_a_question_is_no_opening() -> None:
    """A heading such as "Is the process alive?" is plain."""
    assert list(findings("a.py", '"""What does the worker do on SIGTERM?"""')) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_classes_of_a_package_have_the_same_name(package: str) -> None:
    """A reader who searches for a class finds one."""
    names = Counter(
        node.name
        for path in tracked(package)
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []
