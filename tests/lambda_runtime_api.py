"""Lambda's runtime API, from which a function's runtime client fetches its next invocation.

`python -m tests.lambda_runtime_api` serves the API to a container beside it, and accepts invocations at the path of
Lambda's own Invoke (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). It knows no function.
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

FUNCTION_TIMEOUT_S = 200
"""The time that the function believes to have: WorkerTimeoutS of infra/lambda.yaml."""
DEADLINE_S = 30
INVOKE_PATH = "/2015-03-31/functions/function/invocations"


class InvocationError(Exception):
    """The handler raised; `report` is the error that the runtime client sent to Lambda."""

    def __init__(self, report: Mapping[str, Any]) -> None:
        super().__init__(report.get("errorMessage"))
        self.report = report


class RuntimeApi(ThreadingHTTPServer):
    """A server that passes invocations to one function, and receives their results."""

    daemon_threads = True

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Start to listen, on any free port if `port` is 0; `serve_forever` handles the requests."""
        super().__init__((host, port), _Requests)
        self.invocations: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self.results: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._one_at_a_time = threading.Lock()

    def invoke(self, event: object) -> Any:  # noqa: ANN401 -- whatever the handler returns
        """Invoke the function and return its result. Invocations run one at a time, as in one Lambda environment.

        Raises:
            InvocationError: The handler raised an exception, or the function failed to start.
            TimeoutError: The function sent no result within `DEADLINE_S`.
        """
        with self._one_at_a_time:
            self.invocations.put((str(uuid.uuid4()), json.dumps(event).encode()))
            try:
                kind, result = self.results.get(timeout=DEADLINE_S)
            except queue.Empty:
                raise TimeoutError(f"the function sent no result within {DEADLINE_S} s") from None
        if kind == "error":
            raise InvocationError(result)
        return result


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RuntimeApi

    def do_GET(self) -> None:
        """Return the next invocation once there is one; close the connection at the end of the function's life.

        A copy of a SnapStart function starts at once, as if the snapshot were made and restored in this moment.
        """
        if self.path.endswith("/restore/next"):
            self._respond(200, {}, b"")
            return
        invocation = self.server.invocations.get()
        if invocation is None:
            self.close_connection = True
            return
        request_id, event = invocation
        deadline_ms = int((time.time() + FUNCTION_TIMEOUT_S) * 1000)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:test",
        }
        self._respond(200, headers, event)

    def do_POST(self) -> None:
        """Receive an invocation from a caller, or a result, an error or an initialisation error from the function."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == INVOKE_PATH:
            self._invoke(body)
        else:
            self.server.results.put((self.path.rsplit("/", 1)[-1], body))
            self._respond(202, {}, b"{}")

    def _invoke(self, event: object) -> None:
        """Respond as Lambda does: with the result, or with the error and a header that marks it."""
        try:
            self._respond(200, {}, json.dumps(self.server.invoke(event)).encode())
        except InvocationError as error:
            self._respond(200, {"X-Amz-Function-Error": "Unhandled"}, json.dumps(error.report).encode())
        except TimeoutError as error:
            self._respond(504, {}, json.dumps({"errorMessage": str(error)}).encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until the process is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001)
    arguments = parser.parse_args()
    with RuntimeApi(host=arguments.host, port=arguments.port) as api:
        api.serve_forever()


if __name__ == "__main__":
    main()
