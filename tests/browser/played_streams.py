"""A folder of streams that a job of the emulator made, with the page that plays them in hls.js or Shaka."""

import shutil
from pathlib import Path

from local.embedded_aws import ROOT
from tests.emulator_environment import EmulatorEnvironment
from tests.integration.node_packages import installed

SCRIPTS = {"hls.js": "hls.js/dist/hls.min.js", "shaka.js": "shaka-player/dist/shaka-player.compiled.js"}
"""The scripts of the players, in the folders that npm installs."""


def add_players(folder: Path) -> None:
    """Copy the page and its players into the folder."""
    packages = installed(ROOT / "tests" / "players", why="the emulator's streams can't be played") / "node_modules"
    for name, path in SCRIPTS.items():
        shutil.copy(packages / path, folder / name)
    shutil.copy(ROOT / "tests" / "players" / "player.html", folder)


def download_streams(environment: EmulatorEnvironment, folder: Path) -> None:
    """Download each stream into a folder of its own."""
    for key in environment.output_keys(""):
        (folder / key).parent.mkdir(exist_ok=True)
        environment.s3.download_file(environment.outputs, key, str(folder / key))
