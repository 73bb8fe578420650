"""Code, metric filters and documentation name the same log events, because a renamed event would end its metric."""

import json
import re
import sys
from collections.abc import Mapping
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


FARGATE = templates.parse((ROOT / "infra" / "fargate.yaml").read_text(encoding="utf-8"))


def _of_type(kind: str, *documents: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    known = {name: each for template in documents or (TEMPLATE,) for name, each in template["Resources"].items()}
    return {name: each["Properties"] for name, each in known.items() if each["Type"] == kind}


def _filters() -> dict[str, tuple[str, str]]:
    """Return each filter's pattern, and the field that its value is read from (or 1)."""
    return {
        name: (
            each["FilterPattern"]["Fn::Sub"] if isinstance(each["FilterPattern"], dict) else each["FilterPattern"],
            each["MetricTransformations"][0]["MetricValue"].removeprefix("$."),
        )
        for name, each in _of_type("AWS::Logs::MetricFilter", TEMPLATE, FARGATE).items()
    }


@pytest.mark.parametrize("name", _filters())
def test_a_metric_filter_matches_a_logged_event(name: str) -> None:
    """The code logs the filter's event, and the table of metrics contains its value."""
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
    """The table in docs/operations.md names the metric beside its event."""
    assert f'"{metric.event}"' in SOURCES
    outcome = f'{{outcome="{metric.attributes["outcome"]}"}}' if metric.attributes else ""
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("|") and f"`{metric.name}{outcome}`" in line]
    assert len(rows) == 1
    assert f"`{metric.event}`" in rows[0]


def test_the_metric_of_every_filter_is_documented() -> None:
    """The documentation uses its CloudWatch name."""
    names = {
        each["MetricTransformations"][0]["MetricName"]
        for each in _of_type("AWS::Logs::MetricFilter", TEMPLATE, FARGATE).values()
    }
    assert {name for name in names if f"`{name}`" not in DOCUMENT} == set()


def _widgets() -> list[dict[str, Any]]:
    body, _ = TEMPLATE["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    lists = re.sub(r"\[\$\{(Alarms|Requests|Latency)\}", "[", body)
    widgets: list[dict[str, Any]] = json.loads(re.sub(r"\[,\s*", "[", lists))["widgets"]
    return widgets


def test_the_dashboard_shows_the_metric_of_every_filter() -> None:
    """Except that of superseded events, which is a part of the stale ones."""
    names = {
        each["MetricTransformations"][0]["MetricName"] for each in _of_type("AWS::Logs::MetricFilter").values()
    } - {"EventsSuperseded"}
    shown = json.dumps(_widgets())
    assert {name for name in names if f'"{name}"' not in shown} == set()


def test_no_widget_of_the_dashboard_covers_another() -> None:
    """Each place of the grid, which is 24 wide, has one widget at most."""
    places = [
        (each["x"] + x, each["y"] + y)
        for each in _widgets()
        for x in range(each["width"])
        for y in range(each["height"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24


def test_the_dashboard_shows_each_endpoints_queue_and_dead_letters() -> None:
    """A failing endpoint of webhooks is seen before its alarm."""
    shown = json.dumps([each for each in _widgets() if each["properties"]["title"].startswith("Webhooks")])
    assert {
        f"${{Webhook{slot}{dead}}}"
        for slot in (1, 2, 3)
        for dead in ("", "Dead")
        if f"${{Webhook{slot}{dead}}}" not in shown
    } == set()


def test_every_alarm_links_to_its_own_chapter() -> None:
    """The link to docs/operations.md is in the alarm's description."""
    alarms = _of_type("AWS::CloudWatch::Alarm")
    anchors = {each["AlarmDescription"].rpartition("docs/operations.md#")[2] for each in alarms.values()}
    chapters = {
        line.removeprefix("### ").lower().replace(" ", "-") for line in DOCUMENT.splitlines() if line[:4] == "### "
    }
    assert anchors == chapters
    assert all(each["AlarmActions"] == each["OKActions"] == [{"Ref": "AlarmTopic"}] for each in alarms.values())


@pytest.mark.parametrize(
    ("failed", "completed", "percent"),
    [(None, None, 0), (2, None, 0), (3, None, 100), (3, 3, 50), (40, 10, 80), (None, 500, 0)],
)
def test_the_alarm_on_failed_jobs_needs_three_of_them(
    failed: int | None, completed: int | None, percent: float
) -> None:
    """A single unreadable file raises no alarm; MediaConvert publishes no sample while no job ends."""
    alarm = _of_type("AWS::CloudWatch::Alarm")["FailedJobs"]
    expression = next(each["Expression"] for each in alarm["Metrics"] if "Expression" in each)
    functions = {"FILL": lambda value, missing: missing if value is None else value}
    lazy = re.sub(r"IF\((.+?), (100.+\)), 0\)", r"(\2) if (\1) else 0", expression)
    assert eval(lazy, {**functions, "failed": failed, "completed": completed}) == percent  # noqa: S307 -- our own text
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"


@pytest.mark.parametrize("process", ["Service", "Worker"])
def test_an_alarm_watches_the_throttles_of_each_function(process: str) -> None:
    """The function that reconciles has an alarm on missing passes instead."""
    alarm = _of_type("AWS::CloudWatch::Alarm")[f"{process}Throttles"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Throttles")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": f"{process}Function"}}]


def test_the_documented_log_events_are_those_that_are_logged() -> None:
    """Only events at DEBUG level, which are for developers, are not documented."""
    functions = r"log\.(?:info|warning|error|exception|critical)|log_upload_event|log_at_level|worker_process"
    log_call = rf'(?:{functions})\(\s*"([a-z_]+\.[a-z_.]+)"'
    logged = set(re.findall(log_call, SOURCES)) | {"job.advanced", "job.event_stale"}
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
def test_a_log_line_without_the_metrics_field_has_no_value(line: dict[str, object], value: float | None) -> None:
    """Events of a job that an older version created have no durations."""
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
def test_only_opentelemetrys_standard_variables_enable_a_signal(environment: dict[str, str], signals: set[str]) -> None:
    """Without them, no traces or metrics are exported."""
    assert {signal for signal in telemetry.SIGNALS if telemetry.is_enabled(signal, environment)} == signals


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "transcode.otel is not installed; the dependency group otel has it"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf, not grpc"),
    ],
)
def test_unavailable_telemetry_is_logged_once(
    variables: dict[str, str], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process continues if packages are missing or the collector requires an unsupported protocol."""
    for name, value in {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(sys.modules, "transcode.otel", None)
    with capture_logs() as lines:
        telemetry.start("test")
    assert lines == [{"event": "telemetry.unavailable", "log_level": "warning", "reason": reason}]
