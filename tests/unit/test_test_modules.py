"""Test modules are independent of each other: shared helpers are in modules with names that say what they are."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


_IMPORT = re.compile(
    r"^[ ]*(?:from (?:tests[.\w]*|[.]+\w*) import (?:\([^)]*|[^\n]*)\btest_"
    r"|(?:from|import) (?:tests[.]|[.]+)[.\w]*\btest_)",
    re.MULTILINE,
)


def imports_a_test_module(text: str) -> bool:
    """Return whether a module imports a test module, or imports from one."""
    return _IMPORT.search(text) is not None


def test_no_module_imports_from_a_test_module() -> None:
    """A change of one test then can't break another."""
    modules = [*TESTS.glob("*.py"), *TESTS.glob("*/*.py")]
    assert [each.name for each in modules if imports_a_test_module(each.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "line",
    [
        "from tests.unit.test_job import KEY",
        "from .test_job import KEY",
        "from . import test_job",
        "from tests.unit import (\n    job,\n    test_job,\n)",
        "import tests.unit.test_job",
    ],
)
def test_each_form_of_import_is_found(line: str) -> None:
    """`test_` begins the module's name."""
    assert not imports_a_test_module("from aiohttp.test_utils import TestServer\nfrom tests.unit.job import KEY")
    assert imports_a_test_module(line)
