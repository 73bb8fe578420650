"""TypeScript types from docs/openapi.json: generated without a warning, and sufficient for a client."""

import subprocess
from pathlib import Path

import pytest

from local.embedded import ROOT
from tests.integration.node_packages import installed


@pytest.fixture(scope="module")
def folder() -> Path:
    """A TypeScript client, and the compilers."""
    return installed(ROOT / "tests" / "typescript", why="no types can be made for TypeScript")


def run(folder: Path, *command: str) -> str:
    """Run one of the folder's packages, and return its output."""
    done = subprocess.run(
        [folder / "node_modules" / ".bin" / command[0], *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


def test_a_client_compiles_with_the_generated_types(folder: Path) -> None:
    """The types are generated without a warning, and a client that uses them compiles in strict mode."""
    output = run(folder, "openapi-typescript", str(ROOT / "docs" / "openapi.json"), "-o", "api.d.ts")
    assert "warn" not in output.lower(), output
    run(folder, "tsc", "--noEmit", "--strict", "--target", "es2022", "--moduleResolution", "bundler", "client.ts")
