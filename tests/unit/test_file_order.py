"""The order in which the processes of `make test` get the test files."""

import pytest

from tests.file_order import in_turn, unit_of


def test_the_folders_take_turns() -> None:
    """A folder that has no more files is left out."""
    paths = ["browser/a", "browser/a", "browser/b", "reliability/c", "unit/d", "unit/e", "unit/f"]
    assert in_turn(paths) == ["browser/a", "reliability/c", "unit/d", "browser/b", "unit/e", "unit/f"]


@pytest.mark.parametrize(
    ("node_id", "unit"),
    [
        ("tests/unit/test_job_rule.py::test_a[1::2]", "tests/unit/test_job_rule.py"),
        ("tests/deploy/test_package.py::test_a", "tests/deploy/test_package.py"),
        ("tests/deploy/test_deploy.py::test_a", "tests/deploy"),
        ("tests/deploy/test_releases.py::test_a[x]", "tests/deploy"),
    ],
)
def test_a_unit_is_a_file_or_the_files_of_one_deployment(node_id: str, unit: str) -> None:
    """One process runs all tests of a unit."""
    assert unit_of(node_id) == unit
