"""The emulator sends its events to a webhook, or to nothing, where there is no EventBridge."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.emulator_environment import emulator_environment, wait_until


class _Receiver(ThreadingHTTPServer):
    """Records the bodies of POST requests; refuses the first one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[Any] = []
        self.has_refused = False


class _Handler(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        """Record the body."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_refused, self.server.has_refused = not self.server.has_refused, True
        if not is_refused:
            self.server.bodies.append(body)
        self.send_response(500 if is_refused else 204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Log nothing."""


@contextmanager
def _receiver() -> Iterator[_Receiver]:
    with _Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_a_webhook_receives_events_as_eventbridge_delivers_them(aws_endpoint: str) -> None:
    """It receives an event again after it refused it."""
    with _receiver() as receiver:
        url = f"http://127.0.0.1:{receiver.server_address[1]}/events"
        with emulator_environment(aws_endpoint, event_webhook=url) as environment:
            job_id = environment.create_job("s3://bucket/video.mp4", "webhook/")
            environment.wait_for_job(job_id)
            wait_until(lambda: len(receiver.bodies) == 2, "both events arrive")
    started, failed = receiver.bodies
    assert [event["detail"]["status"] for event in (started, failed)] == ["PROGRESSING", "ERROR"]
    assert (failed["detail-type"], failed["detail"]["jobId"]) == ("MediaConvert Job State Change", job_id)
    assert failed["resources"] == [f"arn:aws:mediaconvert:us-east-1:000000000000:jobs/{job_id}"]


def test_without_a_receiver_jobs_run_and_send_nothing(aws_endpoint: str) -> None:
    """Clients poll GetJob."""
    with emulator_environment(aws_endpoint, events="none") as environment:
        job_id = environment.create_job("s3://bucket/video.mp4", "quiet/")
        assert environment.wait_for_job(job_id)["ErrorCode"] == 1404
        assert environment.events(job_id) == []
