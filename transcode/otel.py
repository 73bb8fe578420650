"""The set-up of OpenTelemetry's SDK. `transcode.telemetry` imports it only if the environment turns OpenTelemetry on.

OpenTelemetry itself reads endpoint, headers, sampler, intervals and resource from its environment variables.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.botocore import AiobotocoreInstrumentor, BotocoreInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from transcode.metrics import METRICS, Kind, Metric

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.trace import TraceState
    from opentelemetry.util.types import Attributes

NAME = "mediaconvert_status"
FLUSH_TIMEOUT_S = 3.0
"""Seconds that an export may take at the end of an invocation or of the process. The SDK itself would retry for longer
than a container has to stop."""
COLLECTOR_PAUSE_S = 60.0
"""Seconds without an export at the end of an invocation, after one timed out because the collector didn't respond."""
REDACTED_ATTRIBUTES = ("url.query",)
"""Span attributes that instrumentation libraries set. They can hold a secret that a caller put into a URL."""

BOUNDARIES_MS = (10, 50, 100, 250, 500, *(s * 1_000.0 for s in (1, 2.5, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 14_400)))
"""Histogram buckets, from a message's milliseconds in a queue to the hours of a long video."""

_propagator = TraceContextTextMapPropagator()


class Otel:
    """The spans and metrics of one process."""

    def __init__(self, service_name: str, signals: frozenset[str]) -> None:
        os.environ.setdefault("OTEL_SERVICE_NAME", service_name)
        resource = Resource.create()
        if "TRACES" in signals:
            traces = TracerProvider(resource=resource, shutdown_on_exit=False)
            traces.sampler = NoRootClientSpans(traces.sampler)
            traces.add_span_processor(RedactingProcessor())
            traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
            trace.set_tracer_provider(traces)
            for instrumentor in (AiobotocoreInstrumentor(), BotocoreInstrumentor()):  # type: ignore[no-untyped-call]  # untyped
                instrumentor.instrument()
        if "METRICS" in signals:
            reader = PeriodicExportingMetricReader(OTLPMetricExporter())
            metrics.set_meter_provider(MeterProvider([reader], resource, shutdown_on_exit=False))
        self._paused_until_s = 0.0
        self._tracer = trace.get_tracer(NAME)
        self._recorders = _recorders_of(metrics.get_meter(NAME))

    @contextmanager
    def span(self, name: str, trace_parent: str | None, attributes: Mapping[str, str]) -> Iterator[None]:
        """Run the context as one span: of the trace that `trace_parent` names, or of a new trace."""
        parent = _propagator.extract({"traceparent": trace_parent} if trace_parent else {}, context=Context())
        with self._tracer.start_as_current_span(name, parent, SpanKind.CONSUMER, attributes):
            yield

    def trace_parent(self) -> str | None:
        """Return the current span as a W3C `traceparent`; None without one."""
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        return carrier.get("traceparent")

    def trace_ids(self) -> dict[str, str]:
        """Return the log fields that link a line to the current span; none outside a trace."""
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return {}
        return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}

    def record(self, metric: Metric, value: float) -> None:
        """Record one value."""
        self._recorders[metric.name](value, metric.attributes)

    def flush(self) -> None:
        """Export the buffer; stop waiting after `FLUSH_TIMEOUT_S`, and then skip flushes for `COLLECTOR_PAUSE_S`."""
        if time.monotonic() < self._paused_until_s:
            return
        if not _finishes_in_time(lambda: [each.force_flush() for each in _providers()]):
            self._paused_until_s = time.monotonic() + COLLECTOR_PAUSE_S

    def stop(self) -> None:
        """Export the buffer and shut down; stop waiting after `FLUSH_TIMEOUT_S`."""
        _finishes_in_time(lambda: [each.shutdown() for each in _providers()])


class NoRootClientSpans(Sampler):
    """A sampler that drops calls to AWS outside a trace, and leaves all other spans to the configured sampler.

    Without it, each long poll of a queue, and each poll of a job for its watchers, would be a trace of its own.
    """

    def __init__(self, configured: Sampler) -> None:
        self._configured = configured

    def should_sample(  # noqa: PLR0913, PLR0917 -- OpenTelemetry's
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: "Attributes" = None,
        links: Sequence[Link] | None = None,
        trace_state: "TraceState | None" = None,
    ) -> SamplingResult:
        """Return the configured sampler's decision; drop a client span that has no parent."""
        is_root = not trace.get_current_span(parent_context).get_span_context().is_valid
        if is_root and kind is SpanKind.CLIENT:
            return SamplingResult(Decision.DROP)
        return self._configured.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """Return the sampler's name."""
        return f"NoRootClientSpans({self._configured.get_description()})"


class RedactingProcessor(SpanProcessor):
    """A processor that removes attributes that can hold a secret, before an exporter sees the span."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 -- OpenTelemetry's
        """Redact the span's attributes."""
        for name in REDACTED_ATTRIBUTES:
            if name in (span.attributes or {}):
                span.set_attribute(name, "REDACTED")

    def on_end(self, span: ReadableSpan) -> None:
        """Do nothing: a span that has ended can't be changed."""


def _providers() -> list[TracerProvider | MeterProvider]:
    providers = (trace.get_tracer_provider(), metrics.get_meter_provider())
    return [each for each in providers if isinstance(each, TracerProvider | MeterProvider)]


def _finishes_in_time(export: Callable[[], object]) -> bool:
    thread = threading.Thread(target=export, daemon=True)
    thread.start()
    thread.join(FLUSH_TIMEOUT_S)
    return not thread.is_alive()


def _recorders_of(meter: "Meter") -> dict[str, Callable[[float, Mapping[str, str]], None]]:
    recorders: dict[str, Callable[[float, Mapping[str, str]], None]] = {}
    for each in METRICS:
        name = f"{NAME}.{each.name}"
        match each.kind:
            case Kind.COUNT:
                recorders[each.name] = meter.create_counter(name).add
            case Kind.DURATION:
                recorders[each.name] = meter.create_histogram(
                    name, unit="ms", explicit_bucket_boundaries_advisory=BOUNDARIES_MS
                ).record
            case Kind.STATE:
                recorders[each.name] = meter.create_gauge(name).set
    return recorders
