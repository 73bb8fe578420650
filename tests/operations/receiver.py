"""A receiver of OpenTelemetry's protocol over HTTP on this machine; it keeps the exports, raw and parsed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span, and the process that sent it."""

    process: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str]


@dataclass(slots=True)
class Received:
    """The exports so far."""

    raw: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    metrics: set[tuple[str, str]] = field(default_factory=set)

    def take(self, path: str, body: bytes) -> None:
        """Keep one export."""
        self.raw.append(body)
        if path == "/v1/traces":
            self.spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))
        elif path == "/v1/metrics":
            self.metrics |= set(_metrics(ExportMetricsServiceRequest.FromString(body)))

    def named(self, name: str) -> list[Span]:
        """Return the spans of this name."""
        return [span for span in self.spans if span.name == name]


@contextmanager
def receiving() -> Iterator[tuple[str, Received]]:
    """Run a receiver, and yield its URL and what it receives."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 -- http.server's
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _text(value: Any) -> str:  # noqa: ANN401 -- a message of protobuf's
    kind = value.WhichOneof("value")
    return str(getattr(value, kind)) if kind else ""


def _attributes(attributes: Any) -> dict[str, str]:  # noqa: ANN401
    return {each.key: _text(each.value) for each in attributes}


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for of_process in request.resource_spans:
        process = _attributes(of_process.resource.attributes)["service.name"]
        for scope in of_process.scope_spans:
            for span in scope.spans:
                yield Span(
                    process=process,
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    attributes=_attributes(span.attributes),
                )


def _metrics(request: ExportMetricsServiceRequest) -> Iterator[tuple[str, str]]:
    for of_process in request.resource_metrics:
        process = _attributes(of_process.resource.attributes)["service.name"]
        for scope in of_process.scope_metrics:
            for metric in scope.metrics:
                yield process, metric.name
