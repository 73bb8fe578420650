"""A pytest plugin: which test files pytest-xdist gives to its processes in turn, and which files it keeps together.

Files of different folders run at the same time. Some folders mostly wait for a worker or for AWS, and others mostly
compute. Folders of few and long files come to their end early, so that the last files are short.
"""

from collections import defaultdict
from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

ON_THE_DEPLOYMENT = frozenset(f"tests/deploy/test_{name}.py" for name in ("deploy", "operating", "releases"))
"""The files whose tests use the one deployment of a process, which takes half a minute."""


def in_turn(paths: Sequence[str]) -> list[str]:
    """Return the paths without repetitions: the first one of each folder, then the second ones, and so on."""
    of_folder: defaultdict[str, list[str]] = defaultdict(list)
    for path in dict.fromkeys(paths):
        of_folder[path.rpartition("/")[0]].append(path)
    turns = [(turn, path) for files in of_folder.values() for turn, path in enumerate(files)]
    return [path for _, path in sorted(turns, key=lambda each: each[0])]


def unit_of(node_id: str) -> str:
    """Return the name of the tests that one process runs together with this one: of its file, or of some files."""
    path = node_id.partition("::")[0]
    return "tests/deploy" if path in ON_THE_DEPLOYMENT else path


class UnitScheduling(LoadFileScheduling):  # type: ignore[misc]  # its base class is untyped
    """Gives a unit to each process that is free."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> UnitScheduling | None:
    """Return the scheduler for `--dist loadfile`."""
    return UnitScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the files of a process of pytest-xdist; all processes have the same order."""
    if hasattr(config, "workerinput"):
        paths = [item.nodeid.partition("::")[0] for item in items]
        turns = {path: turn for turn, path in enumerate(in_turn(paths))}
        items.sort(key=lambda item: turns[item.nodeid.partition("::")[0]])
