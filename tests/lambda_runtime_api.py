"""Lambda's side of a function: the runtime API, which the function's runtime client asks for its next invocation.

`python -m tests.lambda_runtime_api` serves it to a container beside it, and takes invocations at the path of Lambda's
own Invoke (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). Knows nothing of what the function does.
"""

import argparse
import json
import queue
import threading
import time
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DEADLINE_S = 30
INVOKE_PATH = "/2015-03-31/functions/function/invocations"


class InvocationError(Exception):
    """The handler raised; `told` is what the runtime client told Lambda of it."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(told.get("errorMessage"))
        self.told = told


class RuntimeApi(ThreadingHTTPServer):
    """Hands invocations to one function, and takes what came of each."""

    daemon_threads = True

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens there from now on, port 0 being any free one; `serve_forever` answers."""
        super().__init__((host, port), _Requests)
        self.invocations: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self.answers: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._one_at_a_time = threading.Lock()

    def invoke(self, event: object) -> Any:  # noqa: ANN401 -- whatever the handler returns
        """What the handler returns. A function has one invocation in hand at a time; others wait for their turn.

        Raises:
            InvocationError: It raised, or the container could not be made.
            TimeoutError: It said nothing within `DEADLINE_S`.
        """
        with self._one_at_a_time:
            self.invocations.put((str(uuid.uuid4()), json.dumps(event).encode()))
            try:
                kind, told = self.answers.get(timeout=DEADLINE_S)
            except queue.Empty:
                raise TimeoutError(f"the function said nothing within {DEADLINE_S} s") from None
        if kind == "error":
            raise InvocationError(told)
        return told


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def do_GET(self) -> None:
        """The next invocation, once there is one; none at the end of the function's life."""
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
        }
        self._answer(200, headers, event)

    def do_POST(self) -> None:
        """What came of an invocation or of the start; or, from outside, an invocation."""
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == INVOKE_PATH:
            self._invoke(told)
        else:
            self.server.answers.put((self.path.rsplit("/", 1)[-1], told))
            self._answer(202, {}, b"{}")

    def _invoke(self, event: object) -> None:
        """Answer as Lambda does: what the handler returned, or what it raised and a header that says so."""
        try:
            self._answer(200, {}, json.dumps(self.server.invoke(event)).encode())
        except InvocationError as error:
            self._answer(200, {"X-Amz-Function-Error": "Unhandled"}, json.dumps(error.told).encode())
        except TimeoutError as error:
            self._answer(504, {}, json.dumps({"errorMessage": str(error)}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until the process is ended."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=9001)
    given = arguments.parse_args()
    with RuntimeApi(host=given.host, port=given.port) as api:
        api.serve_forever()


if __name__ == "__main__":
    main()
