"""OpenTelemetry's SDK, put together; `transcode.telemetry` imports it where the environment asks for it, and only then.

Endpoint, headers, sampler, intervals, resource: all that is OpenTelemetry's own to read from its variables.
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
from opentelemetry.instrumentation.botocore import AiobotocoreInstrumentor
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
SENT_WITHIN_S = 3.0
"""Seconds that sending what has gathered may take at the end of an invocation or of the process: the SDK itself would
try for longer than a container has to stop."""
AWAY_S = 60.0
"""Seconds for which no invocation waits for a collector that wasn't there."""
NEVER_SENT = ("url.query",)
"""Attributes that others set, and that can hold what a caller had better not have put into an address."""

BOUNDARIES_MS = (10, 50, 100, 250, 500, *(s * 1_000.0 for s in (1, 2.5, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 14_400)))
"""From a message's milliseconds in a queue to the hours of a long video."""

_propagator = TraceContextTextMapPropagator()


class Otel:
    """Spans and metrics of one process."""

    def __init__(self, service_name: str, signals: frozenset[str]) -> None:
        os.environ.setdefault("OTEL_SERVICE_NAME", service_name)
        resource = Resource.create()
        if "TRACES" in signals:
            traces = TracerProvider(resource=resource, shutdown_on_exit=False)
            traces.sampler = WorkOnly(traces.sampler)
            traces.add_span_processor(Redacting())
            traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
            trace.set_tracer_provider(traces)
            AiobotocoreInstrumentor().instrument()  # type: ignore[no-untyped-call]  # it has no types
        if "METRICS" in signals:
            reader = PeriodicExportingMetricReader(OTLPMetricExporter())
            metrics.set_meter_provider(MeterProvider([reader], resource, shutdown_on_exit=False))
        self._away_until_s = 0.0
        self._tracer = trace.get_tracer(NAME)
        self._note = _instruments(metrics.get_meter(NAME))

    @contextmanager
    def work(self, name: str, trace_parent: str | None, ids: Mapping[str, str]) -> Iterator[None]:
        """Be one span, of the trace that the work comes from where that is known."""
        parent = _propagator.extract({"traceparent": trace_parent} if trace_parent else {}, context=Context())
        with self._tracer.start_as_current_span(name, parent, SpanKind.CONSUMER, ids):
            yield

    def trace_parent(self) -> str | None:
        """Return the current span as it is named to others; None where nothing is traced."""
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        return carrier.get("traceparent")

    def trace_ids(self) -> dict[str, str]:
        """Return the fields by which a log line is found from a trace; none outside of one."""
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return {}
        return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}

    def record(self, metric: Metric, value: float) -> None:
        """Take note of one value."""
        self._note[metric.name](value, metric.attributes)

    def flush(self) -> None:
        """Send what has gathered; give up after `SENT_WITHIN_S`, and then don't try again for `AWAY_S`."""
        if time.monotonic() >= self._away_until_s and not _in_time(lambda: [e.force_flush() for e in _providers()]):
            self._away_until_s = time.monotonic() + AWAY_S

    def stop(self) -> None:
        """Send what has gathered, and be no more; give up after `SENT_WITHIN_S`."""
        _in_time(lambda: [each.shutdown() for each in _providers()])


class WorkOnly(Sampler):
    """Samples as the environment says what is asked of us, and what we ask in answering it.

    Without it each long poll of a queue, and each look at what somebody watches, would be a trace of its own.
    """

    def __init__(self, chosen: Sampler) -> None:
        self._chosen = chosen

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
        """Drop a call to AWS that belongs to nothing."""
        is_root = not trace.get_current_span(parent_context).get_span_context().is_valid
        if is_root and kind is SpanKind.CLIENT:
            return SamplingResult(Decision.DROP)
        return self._chosen.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """Name the sampler."""
        return f"WorkOnly({self._chosen.get_description()})"


class Redacting(SpanProcessor):
    """Takes out, before anybody exports it, what could hold a secret of somebody's."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 -- OpenTelemetry's
        """Take attributes out of the span."""
        for name in NEVER_SENT:
            if name in (span.attributes or {}):
                span.set_attribute(name, "REDACTED")

    def on_end(self, span: ReadableSpan) -> None:
        """Leave it: it can't be changed any more."""


def _providers() -> list[TracerProvider | MeterProvider]:
    providers = (trace.get_tracer_provider(), metrics.get_meter_provider())
    return [each for each in providers if isinstance(each, TracerProvider | MeterProvider)]


def _in_time(send: Callable[[], object]) -> bool:
    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    sending.join(SENT_WITHIN_S)
    return not sending.is_alive()


def _instruments(meter: "Meter") -> dict[str, Callable[[float, Mapping[str, str]], None]]:
    noting: dict[str, Callable[[float, Mapping[str, str]], None]] = {}
    for each in METRICS:
        name = f"{NAME}.{each.name}"
        match each.kind:
            case Kind.COUNT:
                noting[each.name] = meter.create_counter(name).add
            case Kind.DURATION:
                noting[each.name] = meter.create_histogram(
                    name, unit="ms", explicit_bucket_boundaries_advisory=BOUNDARIES_MS
                ).record
            case Kind.STATE:
                noting[each.name] = meter.create_gauge(name).set
    return noting
