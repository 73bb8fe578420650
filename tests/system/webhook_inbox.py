"""A back end that receives webhooks, and verifies each with the Python client. Imports nothing from the program."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mediaconvert_status_client import Webhook, WebhookError, verify_webhook


@dataclass(slots=True, kw_only=True)
class Inbox:
    """The webhooks that arrived at `url` with a valid signature, and the reasons for which others were refused."""

    url: str
    received: list[Webhook] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def types(self, input_file: str) -> Sequence[str]:
        """Return the types of the webhooks about this file, in the order of their arrival."""
        return [each["type"] for each in self.received if each["data"]["job"]["input_file"] == input_file]

    def job(self, input_file: str, webhook_type: str) -> Mapping[str, Any]:
        """Return the job in the newest webhook of this type about this file."""
        jobs = [each["data"]["job"] for each in self.received if each["type"] == webhook_type]
        newest: Mapping[str, Any] = [job for job in jobs if job["input_file"] == input_file][-1]
        return newest


@contextmanager
def webhook_inbox(secret: str) -> Iterator[Inbox]:
    """Receive webhooks on a free port of this machine, for the length of the context."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Verify the webhook as a back end must: 204, or 400 if it isn't authentic."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                inbox.received.append(verify_webhook(body, dict(self.headers), secret))
                self.send_response(204)
            except WebhookError as error:
                inbox.refused.append(str(error))
                self.send_response(400)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        inbox = Inbox(url=f"http://127.0.0.1:{server.server_address[1]}/webhooks")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield inbox
        finally:
            server.shutdown()
