"""Test modules are independent of each other: shared helpers are in modules with names that say what they are."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def imported_test_modules(text: str) -> list[str]:
    """Return the names of the test modules that a module imports, or imports from."""
    modules: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = f"tests.{node.module or ''}" if node.level else node.module or ""
            modules += [module, *(f"{module}.{each.name}" for each in node.names)]
    return [each for each in modules if each.startswith("tests.") and each.rpartition(".")[2].startswith("test_")]


def test_no_module_imports_from_a_test_module() -> None:
    """A change of one test then can't break another."""
    found = {
        path.relative_to(TESTS).as_posix(): modules
        for path in (*TESTS.glob("*.py"), *TESTS.glob("*/*.py"))
        if (modules := imported_test_modules(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "from tests.unit.test_job import KEY",
        "from .test_job import KEY",
        "from . import test_job",
        "import tests.unit.test_job",
    ],
)
def test_each_form_of_import_is_found(line: str) -> None:
    """`test_` begins the module's name."""
    assert imported_test_modules(line)
