"""Lambda on this machine: the runtime API, and AWS's own runtime client running a handler of ours in a process.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local.embedded import ROOT

DEADLINE_S = 30
PATH = "/2018-06-01/runtime"


class InvocationError(Exception):
    """The handler raised; `told` is what the runtime client told Lambda of it."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(told.get("errorMessage"))
        self.told = told


class _Api(ThreadingHTTPServer):
    """Keeps what is to be invoked, and what came of it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.invocations: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self.answers: queue.Queue[tuple[str, Any]] = queue.Queue()


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Api

    def do_GET(self) -> None:
        """The next invocation, once there is one; none at the end of the container's life."""
        invocation = self.server.invocations.get()
        if invocation is None:
            self.close_connection = True
            return
        request_id, event = invocation
        deadline_ms = int((time.time() + DEADLINE_S) * 1000)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:test",
            "Content-Type": "application/json",
        }
        self._answer(200, headers, event)

    def do_POST(self) -> None:
        """What came of an invocation, or of the start."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.answers.put((self.path.rsplit("/", 1)[-1], body))
        self._answer(202, {}, b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container with a handler of ours in it."""

    process: "subprocess.Popen[str]"
    log: Path
    _api: _Api = field(repr=False)

    def invoke(self, event: object) -> Any:  # noqa: ANN401 -- whatever the handler returns
        """What the handler returns.

        Raises:
            InvocationError: It raised, or the container could not be made.
        """
        self._api.invocations.put((str(uuid.uuid4()), json.dumps(event).encode()))
        return self.answer()

    def answer(self) -> Any:  # noqa: ANN401
        """What the container says next."""
        try:
            kind, told = self._api.answers.get(timeout=DEADLINE_S)
        except queue.Empty:
            raise AssertionError(self.log.read_text(encoding="utf-8")) from None
        if kind == "error":
            raise InvocationError(told)
        return told

    def connections_to(self, port: int) -> set[str]:
        """The container's open TCP connections to a port of this machine, by their inodes (Linux)."""
        held = {str(each.readlink()) for each in Path(f"/proc/{self.process.pid}/fd").iterdir()}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
        there = {f"socket:[{row[9]}]" for row in rows if int(row[2].split(":")[1], 16) == port and row[3] == "01"}
        return held & there


@contextmanager
def container(handler: str, environment: Mapping[str, str], *, log: Path) -> Iterator[Container]:
    """A container that runs the handler, `module.name`, for as long as the context."""
    api = _Api()
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
