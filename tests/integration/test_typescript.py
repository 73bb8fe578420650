"""openapi-typescript generates types from docs/openapi.json without a warning, and a client compiles with them.

The page's own types (web/packages/core/src/openapi.ts) are checked by `npm --prefix web run check`.
"""

import subprocess
from pathlib import Path

import pytest

from local.embedded_aws import ROOT
from tests.integration.node_packages import installed


@pytest.fixture(scope="module")
def folder() -> Path:
    """Return a folder with the client's source, the generator and the compiler."""
    return installed(ROOT / "tests" / "typescript", why="no TypeScript types can be generated")


def run(folder: Path, *command: str) -> str:
    """Run a command of the folder's npm packages, and return its output; the command must succeed."""
    completed = subprocess.run(
        [folder / "node_modules" / ".bin" / command[0], *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    output = completed.stdout + completed.stderr
    assert completed.returncode == 0, output
    return output


def test_a_client_compiles_with_the_generated_types(folder: Path) -> None:
    """The generator gives no warning; correct use of the types compiles, and the marked wrong use doesn't."""
    output = run(folder, "openapi-typescript", str(ROOT / "docs" / "openapi.json"), "-o", "api.d.ts")
    assert "warn" not in output.lower(), output
    run(folder, "tsc", "--noEmit", "--strict", "--target", "es2022", "--moduleResolution", "bundler", "client.ts")
