"""Code, filters and documentation mean the same numbers: a log event that is renamed takes its number with it."""

import re
import sys
from typing import Any

import pytest
from structlog.testing import capture_logs

from local import cloudformation_template as templates
from local.embedded_aws import ROOT
from transcode import telemetry
from transcode.metrics import METRICS, Kind, Metric

TEMPLATE = templates.parse((ROOT / "infra" / "alarms.yaml").read_text(encoding="utf-8"))
DOCUMENT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("service", "worker", "transcode")
    for path in (ROOT / folder).rglob("*.py")
)


def _of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in TEMPLATE["Resources"].items() if each["Type"] == kind}


def _filters() -> dict[str, tuple[str, str]]:
    """Each filter's pattern, and the field that its value is read from (or 1)."""
    return {
        name: (
            each["FilterPattern"]["Fn::Sub"] if isinstance(each["FilterPattern"], dict) else each["FilterPattern"],
            each["MetricTransformations"][0]["MetricValue"].removeprefix("$."),
        )
        for name, each in _of_type("AWS::Logs::MetricFilter").items()
    }


@pytest.mark.parametrize("name", _filters())
def test_a_filter_reads_what_is_logged(name: str) -> None:
    """Its event is one that the code logs, and its value a number that the table of metrics knows."""
    pattern, value = _filters()[name]
    event = re.search(r'\$\.event = "([a-z_.]+)"', pattern)
    if event is None:
        assert name == "WorkerErrorsFilter"
        return
    assert f'"{event[1]}"' in SOURCES
    known = {(metric.event, metric.log_field or "1") for metric in METRICS}
    assert (event[1], value) in known | {("request.answered", "1")}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: f"{metric.name} {metric.event}")
def test_a_metric_is_logged_and_documented(metric: Metric) -> None:
    """In the table of docs/operations.md, beside the event and the field that it is read from."""
    assert f'"{metric.event}"' in SOURCES
    outcome = f'{{outcome="{metric.attributes["outcome"]}"}}' if metric.attributes else ""
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("|") and f"`{metric.name}{outcome}`" in line]
    assert len(rows) == 1
    assert f"`{metric.event}`" in rows[0]


def test_every_filters_metric_is_documented() -> None:
    """By its name in CloudWatch."""
    names = {each["MetricTransformations"][0]["MetricName"] for each in _of_type("AWS::Logs::MetricFilter").values()}
    assert {name for name in names if f"`{name}`" not in DOCUMENT} == set()


def test_every_alarm_has_a_chapter() -> None:
    """That its own description leads to."""
    alarms = _of_type("AWS::CloudWatch::Alarm")
    anchors = {each["AlarmDescription"].rpartition("docs/operations.md#")[2] for each in alarms.values()}
    chapters = {
        line.removeprefix("### ").lower().replace(" ", "-") for line in DOCUMENT.splitlines() if line[:4] == "### "
    }
    assert anchors == chapters
    assert all(each["AlarmActions"] == each["OKActions"] == [{"Ref": "AlarmTopic"}] for each in alarms.values())


def test_every_log_event_is_documented_and_every_documented_one_is_logged() -> None:
    """But those at DEBUG, which are for developers."""
    logging_one = r'(?:log\.(?:info|warning|error|exception|critical)|note|tell)\(\s*"([a-z_]+\.[a-z_.]+)"'
    logged = set(re.findall(logging_one, SOURCES)) | {"job.advanced", "job.event_stale"}
    rows = DOCUMENT.partition("| event | where | says |")[2].partition("\n\n")[0].splitlines()
    documented = {
        event for row in rows for event in re.findall(r"`([a-z_]+\.[a-z_.]+)`", row.split("|")[1] if row else "")
    }
    assert documented == logged


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ({"took_ms": 12}, 12),
        ({"took_ms": None}, None),
        ({}, None),
        ({"took_ms": "12"}, None),
        ({"took_ms": True}, None),
    ],
)
def test_a_line_without_its_number_counts_nothing(line: dict[str, object], value: float | None) -> None:
    """A job of an older version says nothing of how long it took."""
    metric = Metric(name="n", event="e", kind=Kind.DURATION, log_field="took_ms")
    assert metric.value(line) == value


@pytest.mark.parametrize(
    ("environment", "signals"),
    [
        ({}, set()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, set()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, {"TRACES", "METRICS"}),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, {"TRACES"}),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_METRICS_EXPORTER": "none"}, {"TRACES"}),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, {"TRACES"}),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, set()),
    ],
)
def test_the_standard_variables_turn_it_on(environment: dict[str, str], signals: set[str]) -> None:
    """And nothing else does."""
    assert {signal for signal in telemetry.SIGNALS if telemetry.is_wanted(signal, environment)} == signals


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "transcode.otel is not installed: the group otel has it"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL: http/protobuf only, not grpc"),
    ],
)
def test_what_can_not_be_had_is_said_once(more: dict[str, str], reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages are missing, or the collector wants a protocol that isn't spoken; the process goes on."""
    for name, value in {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", **more}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(sys.modules, "transcode.otel", None)
    with capture_logs() as lines:
        telemetry.start("test")
    assert lines == [{"event": "telemetry.unavailable", "log_level": "warning", "reason": reason}]
