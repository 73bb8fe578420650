"""Folders of Node.js scripts with their npm packages, which are installed once for each lock file."""

import hashlib
import os
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from local.embedded_aws import ROOT
from tests.file_lock import file_lock


def installed(source: Path, *, why: str) -> Path:
    """Return a copy of the folder with its packages installed; skip the test, with `why`, if Node.js is missing.

    On a CI machine (CI=true), the test fails instead of being skipped.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        message = f"Node.js (20 or later) and npm are not installed, so {why}"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    lock_hash = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = ROOT / ".local" / f"{source.name}-{lock_hash}"
    with file_lock(folder.name):
        if not folder.exists():
            _install(source, folder)
        shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder


def _install(source: Path, folder: Path) -> None:
    unfinished = folder.with_name(f"{folder.name}-{secrets.token_hex(4)}")
    shutil.copytree(source, unfinished)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(install, cwd=unfinished, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    unfinished.rename(folder)
