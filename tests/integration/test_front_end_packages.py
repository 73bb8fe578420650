"""The npm packages of the front end, as an app installs them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.file_lock import file_lock

ROOT = Path(__file__).parents[2]


def test_the_packed_packages_have_types_and_can_be_imported_under_node() -> None:
    """Their builds pass publint and attw, and no import adds a global."""
    if shutil.which("node") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Node.js to build the packages")
        pytest.skip("no Node.js to build the packages")
    with file_lock("page"):
        for command in (
            ["make", "web/node_modules/.done"],
            ["npm", "--prefix", "web", "run", "--silent", "check-packages"],
        ):
            checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "3 packages can be installed" in checked.stdout
