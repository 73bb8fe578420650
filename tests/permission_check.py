"""A pytest plugin: after the tests of tests/integration, check that each declared AWS permission was used.

One test run can consist of several processes (pytest-xdist) and of several pytest commands (`make test`). All of them
append to files in one folder, TEST_AWS_CALLS_DIR: the tests that they run or leave out, and the calls that the tests
make. A pytest command checks the permissions at its end if all integration tests have run by then. It prints the
result, or the reason why it checked nothing, and fails the run if a permission is unused.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.declared_permissions import DECLARED, Call, unused
from transcode.permissions import Resource

DIR_VARIABLE = "TEST_AWS_CALLS_DIR"
INTEGRATION = Path(__file__).parent / "integration"
_own_dir = pytest.StashKey[str]()
_report = pytest.StashKey[list[str]]()


@dataclass(slots=True)
class Run:
    """The contents of the folder."""

    selected: set[str] = field(default_factory=set)
    deselected: set[str] = field(default_factory=set)
    calls: set[Call] = field(default_factory=set)

    def missing(self) -> list[str]:
        """Return the integration tests that have not run: files, and single tests of the other files."""
        seen = {Path(each.partition("::")[0]).name for each in self.selected | self.deselected}
        files = {path.name for path in INTEGRATION.glob("test_*.py")} - seen
        return sorted(files | (self.deselected - self.selected))


def save_call(call: Call) -> None:
    """Append an AWS call to this process's file."""
    _append("call", [call.process, call.action, call.resource])


def read_run(folder: Path) -> Run:
    """Return what all processes have written to the folder."""
    run = Run()
    for path in folder.glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            match json.loads(line):
                case ["selected", [*node_ids]]:
                    run.selected.update(node_ids)
                case ["deselected", [*node_ids]]:
                    run.deselected.update(node_ids)
                case ["call", [process, action, resource]]:
                    found = Resource(resource) if resource else None
                    run.calls.add(Call(process=process, action=action, resource=found))
                case other:
                    raise ValueError(f"unknown line in {path}: {other}")
    return run


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder, unless the command that started this process has made it."""
    if DIR_VARIABLE not in os.environ:
        os.environ[DIR_VARIABLE] = config.stash[_own_dir] = tempfile.mkdtemp(prefix="aws-calls-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Delete the folder that this process made."""
    if folder := config.stash.get(_own_dir, None):
        shutil.rmtree(folder)
        del os.environ[DIR_VARIABLE]


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Note the tests that -m, -k and the like leave out."""
    _append_tests("deselected", items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note the tests that are going to run."""
    if not session.config.option.collectonly:
        _append_tests("selected", session.items)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Check the permissions, in the process that prints the summary."""
    if hasattr(session.config, "workerinput"):  # a process of pytest-xdist
        return
    run = read_run(Path(os.environ[DIR_VARIABLE]))
    if not run.selected:
        return
    lines = session.config.stash[_report] = list(_check(run, exitstatus))
    if any(line.startswith("UNUSED") for line in lines):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the result of the check."""
    if lines := config.stash.get(_report, None):
        terminalreporter.section("AWS permissions that are declared, and used by an integration test")
        for line in lines:
            terminalreporter.write_line(line)


def _check(run: Run, exitstatus: int) -> Iterator[str]:
    if exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        yield "not checked: the run ended early"
    elif missing := run.missing():
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        yield f"not checked: some integration tests have not run ({missing[0]}{others})"
    else:
        for process, permissions in DECLARED.items():
            unneeded = sorted(unused(process, run.calls))
            yield f"{process}: {len(permissions) - len(unneeded)} of {len(permissions)} are used"
            yield from (f"UNUSED by the {process}: {each.action} on {each.resource}" for each in unneeded)


def _append_tests(kind: str, items: Sequence[pytest.Item]) -> None:
    if node_ids := [item.nodeid for item in items if item.path.parent == INTEGRATION]:
        _append(kind, node_ids)


def _append(kind: str, value: object) -> None:
    path = Path(os.environ[DIR_VARIABLE]) / f"{os.getpid()}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps([kind, value]) + "\n")
