"""What is told of the work in hand: its ids in every log line, and a span of its trace where OpenTelemetry is on.

OpenTelemetry is on where its own environment variables ask for it; else its packages are neither needed nor imported,
and nothing here costs more than a look at one variable. https://opentelemetry.io/docs/specs/otel/configuration/
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
    """Turn OpenTelemetry on where the environment asks for it; `process` names the process, if nothing else does.

    What can't be had is said once, and the process goes on without it.
    """
    global _otel  # noqa: PLW0603 -- one process, one telemetry
    wanted = frozenset(signal for signal in SIGNALS if is_wanted(signal, os.environ))
    if not wanted or _otel is not None:
        return
    if (protocol := os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") or PROTOCOL) != PROTOCOL:
        log.warning("telemetry.unavailable", reason=f"OTEL_EXPORTER_OTLP_PROTOCOL: {PROTOCOL} only, not {protocol}")
        return
    try:
        from transcode.otel import Otel  # noqa: PLC0415 -- tens of milliseconds, for those who want it
    except ImportError as error:
        log.warning("telemetry.unavailable", reason=f"{error.name} is not installed: the group otel has it")
        return
    _otel = Otel(f"mediaconvert-status-{process}", wanted)
    log.info("telemetry.on", signals=sorted(wanted))


def is_wanted(signal: str, environment: Mapping[str, str]) -> bool:
    """Tell whether TRACES or METRICS are to be exported.

    >>> is_wanted("TRACES", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"})
    True
    >>> is_wanted("TRACES", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_TRACES_EXPORTER": "none"})
    False
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    default = "otlp" if any(environment.get(name) for name in endpoints) else "none"
    return (environment.get(f"OTEL_{signal}_EXPORTER") or default).strip().lower() == "otlp"


@contextmanager
def following(correlation: Correlation, work: str, **ids: str) -> Iterator[None]:
    """Let every log line within have the correlation's ids, and be part of its trace as one piece of work."""
    with bound_contextvars(**correlation.as_log_fields()):
        if _otel is None:
            yield
            return
        with _otel.work(work, correlation.trace_parent, {**correlation.as_log_fields(), **ids}):
            yield


def outgoing(*, upload: str | None = None, made_ms: int | None = None) -> Correlation:
    """Return the correlation for what is asked for now, by the request or the message that is being handled."""
    known = get_contextvars()
    return Correlation(
        upload=upload or known.get("upload"),
        request_id=known.get("request_id"),
        trace_parent=_otel.trace_parent() if _otel is not None else None,
        made_ms=made_ms,
    )


def flush() -> None:
    """Send what has gathered: for Lambda, which freezes the process between two invocations."""
    if _otel is not None:
        _otel.flush()


def stop() -> None:
    """Send what has gathered, at the process's end."""
    if _otel is not None:
        _otel.stop()


def count(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Count what the line says, and name the trace that it belongs to: a step of every logger."""
    if _otel is not None:
        line.update(_otel.trace_ids())
        for metric in BY_EVENT.get(line["event"], ()):
            if (value := metric.value(line)) is not None:
                _otel.record(metric, value)
    return line
