"""Lambda on this machine: AWS's own runtime client running a handler of ours in a process, asking a runtime API."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.embedded_aws import ROOT
from tests.lambda_runtime_api import DEADLINE_S, RuntimeApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container with a handler of ours in it."""

    process: "subprocess.Popen[str]"
    log: Path
    _api: RuntimeApi = field(repr=False)

    def invoke(self, event: object) -> Any:  # noqa: ANN401 -- whatever the handler returns
        """What the handler returns.

        Raises:
            InvocationError: It raised, or the container could not be made.
        """
        try:
            return self._api.invoke(event)
        except TimeoutError:
            raise AssertionError(self.log.read_text(encoding="utf-8")) from None

    def connections_to(self, port: int) -> set[str]:
        """The container's open TCP connections to a port of this machine, by their inodes (Linux)."""
        held = {str(each.readlink()) for each in Path(f"/proc/{self.process.pid}/fd").iterdir()}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
        there = {f"socket:[{row[9]}]" for row in rows if int(row[2].split(":")[1], 16) == port and row[3] == "01"}
        return held & there


@contextmanager
def container(handler: str, environment: Mapping[str, str], *, log: Path) -> Iterator[Container]:
    """A container that runs the handler, `module.name`, for as long as the context."""
    api = RuntimeApi()
    serving = threading.Thread(target=api.serve_forever, name="lambda-runtime-api")
    serving.start()
    lambdas = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "test",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "PYTHONUNBUFFERED": "1",
    }
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=ROOT,
            env={**os.environ, **lambdas, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield Container(process=process, log=log, _api=api)
    finally:
        process.kill()
        process.wait(DEADLINE_S)
        api.invocations.put(None)
        api.shutdown()
        serving.join()
        api.server_close()
