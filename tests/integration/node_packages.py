"""Folders of scripts with their packages from npm, each installed once for its lock file."""

import hashlib
import os
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from local.embedded_aws import ROOT


def installed(source: Path, *, why: str) -> Path:
    """Return a copy of the folder with its packages beside it; skip the test, saying `why`, where there is no Node.js.

    On a CI machine a missing Node.js is a failure: there, nothing may go untested in silence.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        message = f"Node.js (20 or later) and npm are not installed, so {why}"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    lock = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = ROOT / ".local" / f"{source.name}-{lock}"
    if not folder.exists():
        fresh = folder.with_name(f"{folder.name}-{secrets.token_hex(4)}")
        shutil.copytree(source, fresh)
        install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(install, cwd=fresh, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        fresh.rename(folder)
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return folder
