"""Telemetry of the current work: its correlation ids in every log line, and its trace if OpenTelemetry is on.

OpenTelemetry's own environment variables turn it on. Without them, this module neither needs nor imports its packages,
and checks one variable per call. https://opentelemetry.io/docs/specs/otel/configuration/
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from structlog.contextvars import bound_contextvars, get_contextvars

from transcode.correlation import Correlation
from transcode.metrics import BY_EVENT

if TYPE_CHECKING:
    from transcode.otel import Otel

PROTOCOL = "http/protobuf"
SIGNALS = ("TRACES", "METRICS")

log = structlog.get_logger(__name__)

_otel: "Otel | None" = None


def start(process: str) -> None:
    """Start OpenTelemetry if the environment turns it on; `process` is part of the default service name.

    If OpenTelemetry can't start, this logs one warning, and the process runs without it.
    """
    global _otel  # noqa: PLW0603 -- one process, one telemetry
    signals = frozenset(signal for signal in SIGNALS if is_enabled(signal, os.environ))
    if not signals or _otel is not None:
        return
    if (protocol := os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") or PROTOCOL) != PROTOCOL:
        log.warning("telemetry.unavailable", reason=f"OTEL_EXPORTER_OTLP_PROTOCOL must be {PROTOCOL}, not {protocol}")
        return
    try:
        from transcode.otel import Otel  # noqa: PLC0415 -- takes tens of milliseconds, and most processes don't need it
    except ImportError as error:
        log.warning("telemetry.unavailable", reason=f"{error.name} is not installed; the dependency group otel has it")
        return
    _otel = Otel(f"mediaconvert-status-{process}", signals)
    log.info("telemetry.on", signals=sorted(signals))


def is_enabled(signal: str, environment: Mapping[str, str]) -> bool:
    """Return whether the environment turns on the export of a signal, TRACES or METRICS.

    >>> is_enabled("TRACES", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"})
    True
    >>> is_enabled("TRACES", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_TRACES_EXPORTER": "none"})
    False
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    default = "otlp" if any(environment.get(name) for name in endpoints) else "none"
    return (environment.get(f"OTEL_{signal}_EXPORTER") or default).strip().lower() == "otlp"


@contextmanager
def continue_trace(correlation: Correlation, span_name: str, **attributes: str) -> Iterator[None]:
    """Run the context as a span of the correlation's trace, with its correlation ids in every log line."""
    with bound_contextvars(**correlation.as_log_fields()):
        if _otel is None:
            yield
            return
        with _otel.span(span_name, correlation.trace_parent, {**correlation.as_log_fields(), **attributes}):
            yield


def current_correlation(*, upload: str | None = None, job_created_ms: int | None = None) -> Correlation:
    """Return the correlation ids of the request or message that is being handled, for the work that it starts.

    `upload` replaces the upload's id of the current context.
    """
    context = get_contextvars()
    return Correlation(
        upload=upload or context.get("upload"),
        request_id=context.get("request_id"),
        trace_parent=_otel.trace_parent() if _otel is not None else None,
        job_created_ms=job_created_ms,
    )


def flush() -> None:
    """Export the buffered spans and metrics. Lambda needs it, because it freezes the process after an invocation."""
    if _otel is not None:
        _otel.flush()


def stop() -> None:
    """Export the buffered spans and metrics, and stop OpenTelemetry, at the end of the process."""
    if _otel is not None:
        _otel.stop()


def count(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Record the metrics of a log event, and add its trace and span ids. A structlog processor of every logger."""
    if _otel is not None:
        line.update(_otel.trace_ids())
        for metric in BY_EVENT.get(line["event"], ()):
            if (value := metric.value(line)) is not None:
                _otel.record(metric, value)
    return line
