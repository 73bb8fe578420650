"""TypeScript types made from docs/openapi.json: made without a warning, and what a client needs."""

import subprocess
from pathlib import Path

import pytest

from local.embedded_aws import ROOT
from tests.integration.node_packages import installed


@pytest.fixture(scope="module")
def folder() -> Path:
    """A client in TypeScript, and the compilers."""
    return installed(ROOT / "tests" / "typescript", why="no types can be made for TypeScript")


def run(folder: Path, *command: str) -> str:
    """Run one of the folder's packages, and return what it says."""
    done = subprocess.run(
        [folder / "node_modules" / ".bin" / command[0], *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def test_a_client_can_rely_on_the_generated_types(folder: Path) -> None:
    """No warning in their making; a client that uses them rightly compiles, and one that doesn't would not."""
    said = run(folder, "openapi-typescript", str(ROOT / "docs" / "openapi.json"), "-o", "api.d.ts")
    assert "warn" not in said.lower(), said
    run(folder, "tsc", "--noEmit", "--strict", "--target", "es2022", "--moduleResolution", "bundler", "client.ts")
