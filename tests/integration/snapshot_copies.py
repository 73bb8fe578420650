"""A snapshot of an initialised Lambda function, and copies of it: the state that SnapStart shares, without Lambda.

`python -m tests.integration.snapshot_copies <handler>` initialises the handler as AWS's runtime client does, up to the
point at which Lambda would make the snapshot. Each line on stdin is a list of events for one copy. A copy is a fork, so
it has the memory of the snapshot, and first runs the function's hooks. Only one copy runs at a time, because forks also
share the event loop's file descriptors.
"""

import contextlib
import importlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from awslambdaric.lambda_runtime_hooks_runner import (  # type: ignore[import-untyped]
    run_after_restore,
    run_before_snapshot,
)

from local.embedded_aws import ROOT
from transcode.snapstart import INITIALIZATION_TYPE, SNAPSTART

FAILED = "failed"


class Context:
    """The part of Lambda's context that the handlers use."""

    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda ends the invocation."""
        return 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """The results of one copy; `failed` has the error of a copy that didn't start."""

    results: Sequence[Any] = ()
    connections: Sequence[str] = ()
    """Its connections at the end, which no other copy has."""
    failed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The initialised function, of which each copy is a new process."""

    process: "subprocess.Popen[str]" = field(repr=False)
    connections: Sequence[str]
    """The connections in the snapshot."""
    log: Path

    def copy(self, *events: object) -> Copied:
        """Return the results of the events in a new copy."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(events) + "\n")
        self.process.stdin.flush()
        return Copied(**_read_line(self.process, self.log))


@contextlib.contextmanager
def snapshot_of(handler: str, environment: Mapping[str, str], *, log: Path) -> Iterator[Snapshot]:
    """Initialise the handler, `module.name`, as a SnapStart function."""
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.snapshot_copies", handler],
            cwd=ROOT,
            env={**os.environ, INITIALIZATION_TYPE: SNAPSTART, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield Snapshot(process=process, log=log, connections=_read_line(process, log)["connections"])
        finally:
            process.kill()
            process.communicate()


def _read_line(process: "subprocess.Popen[str]", log: Path) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, log.read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(line)
    return read


def _connections() -> list[str]:
    """Return the open connections of this process, whose names are unique on this machine (Linux)."""
    inodes = {line.split()[9] for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]}
    opened = []
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own descriptor
            opened.append(str(each.readlink()))
    return sorted(name for name in opened if name.removeprefix("socket:[").removesuffix("]") in inodes)


def _run_copy(handler: Any, events: Sequence[object], shared_random: object) -> dict[str, Any]:  # noqa: ANN401
    random.setstate(shared_random)  # type: ignore[arg-type]  # Python renews it in a fork, and Lambda in no copy
    try:
        run_after_restore()
    except Exception as error:  # noqa: BLE001 -- Lambda reports any error of a hook
        return {FAILED: f"{type(error).__name__}: {error}"}
    return {"results": [handler(event, Context()) for event in events], "connections": _connections()}


def _report(output: IO[str], report: Mapping[str, Any]) -> None:
    output.write(json.dumps(report) + "\n")
    output.flush()


def main() -> None:
    """Make the snapshot, and one copy for each line of stdin."""
    output, sys.stdout = sys.stdout, sys.stderr  # the function's log must not be in the reports
    module, _, name = sys.argv[1].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    run_before_snapshot()
    shared_random = random.getstate()
    _report(output, {"connections": _connections()})
    for line in sys.stdin:
        if pid := os.fork():
            os.waitpid(pid, 0)
            continue
        _report(output, _run_copy(handler, json.loads(line), shared_random))
        os._exit(0)


if __name__ == "__main__":
    main()
