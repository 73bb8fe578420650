"""A back end that receives webhooks, and the settings with which a system sends them to it."""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local.provision import Stack
from mediaconvert_status_client import verify_webhook

from .worker_system import eventually

DELIVERED_WITHIN_S = 180
"""Longer than the announcer's rest after a failure, a pass of reconciliation, and an endpoint's first rests."""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- the published test vector


@dataclass(slots=True, kw_only=True)
class Receiver:
    """The webhooks that each endpoint received with a valid signature. Its path has the endpoint's number.

    `statuses` are the statuses with which endpoints answer, in place of 204. `order` has the endpoint of each request.
    """

    url: str = ""
    is_lenient: bool = False
    """True for a receiver that accepts everything, and looks at nothing."""
    statuses: dict[int, int] = field(default_factory=dict)
    ids: dict[int, set[str]] = field(default_factory=lambda: {1: set(), 2: set(), 3: set()})
    requests: Counter[int] = field(default_factory=Counter)
    order: list[int] = field(default_factory=list)
    types_of: dict[str, set[str]] = field(default_factory=dict)
    """The types that were received about each job and about each file."""

    def settings(self, stack: Stack, *slots: int) -> Mapping[str, str]:
        """Return the variables of a worker that sends to these endpoints."""
        variables = {"WEBHOOKS_ALLOW_LOCAL": "true"}
        for slot in slots:
            variables |= {
                f"WEBHOOK_{slot}_URL": f"{self.url}/{slot}",
                f"WEBHOOK_{slot}_SECRETS": SECRET,
                f"WEBHOOK_{slot}_QUEUE_URL": getattr(stack, f"webhook_{slot}_queue_url"),
            }
        return variables

    def missing(self, webhook_type: str, files: Sequence[str]) -> Sequence[str]:
        """Return the files about which no webhook of this type came."""
        return [each for each in files if webhook_type not in self.types_of.get(each, set())]

    def wait_for(self, webhook_type: str, files: Sequence[str]) -> None:
        """Wait until a webhook of this type came about each file."""
        eventually(lambda: self.missing(webhook_type, files), lambda left: not left, deadline_s=DELIVERED_WITHIN_S)

    def receive(self, slot: int, body: bytes, headers: Mapping[str, str]) -> int:
        """Verify and keep a webhook; return the status of the response."""
        self.requests[slot] += 1
        if self.is_lenient:
            return 204
        webhook = verify_webhook(body, headers, SECRET)
        self.order.append(slot)
        if (status := self.statuses.get(slot, 204)) != 204:
            return status
        self.ids[slot].add(headers["webhook-id"])
        job = webhook["data"].get("job", {})
        for subject in (job.get("job_id"), job.get("input_file")):
            if subject is not None:
                self.types_of.setdefault(subject, set()).add(webhook["type"])
        return 204


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive webhooks on a free port, for the length of the context."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answer a webhook."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.receive(int(self.path.rpartition("/")[2]), body, headers))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield receiver
        finally:
            server.shutdown()


def webhook_message(number: int) -> str:
    """Return the message of a webhook that announces nothing about a job."""
    body = json.dumps({"type": "webhook.test", "timestamp": "2026-11-26T08:00:00Z", "data": {"number": number}})
    return json.dumps({"webhook_id": f"evt_{number:06}", "body": body})
