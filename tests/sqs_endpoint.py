"""An HTTP server before an emulator's SQS: it responds to some calls itself, and forwards every other one unchanged."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Respond = Callable[[str, Mapping[str, Any]], Mapping[str, Any] | None]
"""Returns the response to a call of SQS, given its action and its parameters; None for a call to forward."""


class RefusedError(Exception):
    """SQS refuses the call: the error's code and text."""


@contextmanager
def serve_sqs(upstream_url: str, respond: Respond) -> Iterator[str]:
    """Yield the URL of a server that passes the calls of SQS to `respond`; RefusedError becomes a 400."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Respond to a call of SQS, or forward the request."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, content = _response(self.headers.get("X-Amz-Target", ""), body, respond)
            if content is None:
                status, content = forward(upstream_url + self.path, dict(self.headers), body, method=self.command)
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Log nothing."""

    for method in ("GET", "HEAD", "PUT"):
        setattr(Handler, f"do_{method}", Handler.do_POST)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _response(target: str, body: bytes, respond: Respond) -> tuple[int, bytes | None]:
    service, _, action = target.rpartition(".")
    if service != "AmazonSQS":
        return 200, None
    try:
        response = respond(action, json.loads(body))
    except RefusedError as error:
        return 400, json.dumps({"__type": error.args[0], "message": error.args[1]}).encode()
    return 200, None if response is None else json.dumps(response).encode()


def forward(url: str, headers: Mapping[str, str], body: bytes, *, method: str = "POST") -> tuple[int, bytes]:
    """Send the request to the emulator, and return the response's status and body."""
    request = urllib.request.Request(url, body, headers=dict(headers), method=method)  # noqa: S310 -- our own emulator
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
