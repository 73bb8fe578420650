"""Lambda on this machine: AWS's runtime client runs a handler in a process, with a runtime API of the tests."""

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
    """A container with one of the program's handlers."""

    process: "subprocess.Popen[str]"
    log: Path
    _api: RuntimeApi = field(repr=False)

    def invoke(self, event: object) -> Any:  # noqa: ANN401 -- any handler's result
        """Return the handler's result.

        Raises:
            InvocationError: The handler raised an exception, or the container could not be started.
        """
        try:
            return self._api.invoke(event)
        except TimeoutError:
            raise AssertionError(self.log.read_text(encoding="utf-8")) from None

    def connections_to(self, port: int) -> set[str]:
        """Return the inodes of the container's open TCP connections to a port of this machine (Linux)."""
        held = {str(each.readlink()) for each in Path(f"/proc/{self.process.pid}/fd").iterdir()}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
        matching = {f"socket:[{row[9]}]" for row in rows if int(row[2].split(":")[1], 16) == port and row[3] == "01"}
        return held & matching


@contextmanager
def container(handler: str, environment: Mapping[str, str], *, log: Path) -> Iterator[Container]:
    """Run a container with the handler, `module.name`, for the length of the context."""
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
