"""docs/cost.md contains what the cost model computes, and the model counts what the templates declare."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.cost import aws_call_counts as counts
from deploy.cost import prices
from deploy.cost.cost_report import document
from deploy.cost.monthly_bill import Target, announcements_usd, bill, first_version, storage_usd, total
from deploy.cost.workload import SCALES, Workload
from local import cloudformation_template as templates
from transcode.billing import AUDIO_ONLY

ROOT = Path(__file__).resolve().parents[2]
CONDITIONS = {
    "lambda": {"IsOnLambda", "HasServiceFunction", "HasWorkerFunction", "HasFailedJobPercent"},
    "fargate": {"IsOnFargate", "HasFailedJobPercent"},
}


def resources(name: str) -> dict[str, Any]:
    """Return the resources of a template."""
    return dict(templates.parse((ROOT / "infra" / name).read_text(encoding="utf-8"))["Resources"])


def metrics_of(queries: list[dict[str, Any]]) -> int:
    """Return the number of metrics that the queries read, without the metric math."""
    return sum("MetricStat" in query for query in queries)


def test_the_cost_document_is_up_to_date() -> None:
    """`make cost` writes the document from the model."""
    assert (ROOT / "docs" / "cost.md").read_text(encoding="utf-8") == document()


@pytest.mark.parametrize("target", ["lambda", "fargate"])
def test_the_model_counts_the_alarm_metrics_of_the_template(target: Target) -> None:
    """AWS charges for each metric of an alarm: a new one also belongs into deploy/cost/aws_call_counts.py."""
    alarms = [
        each["Properties"]
        for each in resources("alarms.yaml").values()
        if each["Type"] == "AWS::CloudWatch::Alarm" and each.get("Condition") in {None, *CONDITIONS[target]}
    ]
    assert sum(metrics_of(each.get("Metrics", [])) or 1 for each in alarms) == counts.ALARM_METRICS[target]


def test_the_model_counts_two_alarms_for_each_target_tracking_policy() -> None:
    """Each of the two alarms reads as many metrics as the policy."""
    policies = [
        each["Properties"]["TargetTrackingScalingPolicyConfiguration"]
        for each in resources("fargate.yaml").values()
        if each.get("Properties", {}).get("PolicyType") == "TargetTrackingScaling"
    ]
    read = [metrics_of(each.get("CustomizedMetricSpecification", {}).get("Metrics", [])) or 1 for each in policies]
    assert 2 * sum(read) == counts.SCALING_METRICS["fargate"]


def test_the_model_counts_the_alarms_by_which_ecs_rolls_back() -> None:
    """The wake-up alarm exists only if the worker may scale to zero, and is not part of the default bill."""
    alarms = [
        each["Properties"]
        for each in resources("fargate.yaml").values()
        if each["Type"] == "AWS::CloudWatch::Alarm" and "Condition" not in each
    ]
    assert sum(metrics_of(each.get("Metrics", [])) or 1 for each in alarms) == counts.ROLLBACK_METRICS["fargate"]


def test_the_model_counts_the_rules_of_the_firewall() -> None:
    """WAF charges for the web ACL, for each rule and for each request."""
    assert len(resources("firewall.yaml")["WebAcl"]["Properties"]["Rules"]) == counts.FIREWALL_RULES


def test_the_model_counts_the_custom_metrics_of_the_template() -> None:
    """Each metric filter makes one custom metric."""
    names = {
        each["Properties"]["MetricTransformations"][0]["MetricName"]
        for each in [*resources("alarms.yaml").values(), *resources("fargate.yaml").values()]
        if each["Type"] == "AWS::Logs::MetricFilter"
    }
    assert len(names) == counts.METRICS_OF_OUR_OWN + counts.ANNOUNCEMENT_METRICS


def test_the_document_has_the_rate_of_sound_of_the_program() -> None:
    """`estimate` and `billed` of a job use it."""
    assert AUDIO_ONLY.value == counts.AUDIO_MINUTES


def test_the_first_versions_alarms_cost_two_dollars_forty_without_uploads() -> None:
    """The alarms cost the same whether or not there are uploads."""
    parts = {part.name: part.usd for part in first_version(Workload(minutes=0))}
    assert parts["Autoscaling's alarms"] == pytest.approx(2.40)


@pytest.mark.parametrize("target", ["lambda", "fargate"])
def test_a_hundred_times_the_video_costs_at_most_a_hundred_times_as_much(target: Target) -> None:
    """No cost grows faster than the number of uploaded minutes."""
    small, middle, large = (total(bill(Workload(minutes=minutes), target)) for minutes in SCALES)
    assert small < middle < 100 * small
    assert middle < large < 100 * middle


def test_a_longer_interval_between_events_costs_less() -> None:
    """The document states this for STATUS_UPDATE_INTERVAL_S."""
    often, seldom = (
        {part.name: part.usd for part in bill(Workload(minutes=100_000, update_interval_s=each), "lambda")}
        for each in (10, 60)
    )
    for name in ("DynamoDB", "SQS", "Lambda: worker"):
        assert seldom[name] < often[name]


def test_a_million_events_cost_one_dollar_and_their_marks() -> None:
    """An upload of five minutes has two announcements; those by webhooks need three SQS requests each."""
    load = Workload(minutes=2_500_000)
    events_usd, webhooks_usd = announcements_usd(load)
    assert events_usd == pytest.approx(1.00 + 0.625)
    assert webhooks_usd == pytest.approx(3 * 0.40 + 0.625)
    assert all("Announcement" not in part.name for part in bill(load, "lambda"))


def test_the_document_lists_every_price() -> None:
    """Each price is listed with what it pays for, so that a reader can look it up."""
    assert all(f"| {price.what} |" in document() for price in prices.listed())


CLOUDWATCH_OVERHEAD_BYTES = 26
"""CloudWatch charges them for each log event."""
ACCESS_LOG_SAMPLE = {
    "requestId": "Yl1aTgZ4FiAEPgA=",
    "requestTime": "25/Nov/2026:21:48:07 +0000",
    "httpMethod": "GET",
    "path": "/jobs/1764107287123-abcdef/progress",
    "status": "200",
    "responseLength": "182",
    "responseLatency": "20012",
    "integrationLatency": "20009",
    "integrationErrorMessage": "-",
}
REQUEST_ID = "79b4f56e-95b1-4643-9700-2807f4e68189"
LAMBDA_LOG_SAMPLE = (
    {
        "time": "2026-11-25T21:48:07.123Z",
        "type": "platform.start",
        "record": {"requestId": REQUEST_ID, "version": "$LATEST"},
    },
    {
        "time": "2026-11-25T21:48:07.456Z",
        "type": "platform.report",
        "record": {
            "requestId": REQUEST_ID,
            "metrics": {
                "durationMs": 20012.345,
                "billedDurationMs": 20013,
                "memorySizeMB": 1024,
                "maxMemoryUsedMB": 167,
                "initDurationMs": 1429.641,
            },
            "status": "success",
        },
    },
)


def test_the_model_counts_the_bytes_of_api_gateways_access_log() -> None:
    """The template's format, filled as for a long poll."""
    (stage,) = [each for each in resources("lambda.yaml").values() if each["Type"] == "AWS::ApiGatewayV2::Stage"]
    line = stage["Properties"]["AccessLogSettings"]["Format"].strip()
    for name in sorted(ACCESS_LOG_SAMPLE, key=len, reverse=True):
        assert f"$context.{name}" in line
        line = line.replace(f"$context.{name}", ACCESS_LOG_SAMPLE[name])
    assert "$context" not in line
    assert counts.API_LOG_BYTES * 0.8 < len(line) + CLOUDWATCH_OVERHEAD_BYTES <= counts.API_LOG_BYTES


def test_the_model_counts_the_bytes_of_lambdas_own_log_lines() -> None:
    """In JSON, as LoggingConfig requests it: one line when an invocation starts, one when it ends."""
    size = sum(len(json.dumps(each)) + CLOUDWATCH_OVERHEAD_BYTES for each in LAMBDA_LOG_SAMPLE)
    assert counts.LAMBDA_LOG_BYTES * 0.7 < size <= counts.LAMBDA_LOG_BYTES


def test_the_model_counts_the_tables_under_a_kms_key() -> None:
    """The AWS managed key costs nothing by itself, but its requests do."""
    tables = [each for each in resources("pipeline.yaml").values() if each["Type"] == "AWS::DynamoDB::Table"]
    assert len([each for each in tables if each["Properties"]["SSESpecification"]["SSEEnabled"]]) == counts.KMS_TABLES


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("lambda", {"KMS requests", "Logs: API Gateway's access log", "Logs: Lambda's own lines"}),
        ("fargate", {"KMS requests"}),
    ],
)
def test_the_bill_has_the_logs_of_aws_and_the_requests_to_kms(target: Target, names: set[str]) -> None:
    """They cost nothing without uploads."""
    lines = {line.name: line.usd for line in bill(Workload(minutes=100_000), target)}
    idle = {line.name: line.usd for line in bill(Workload(minutes=0), target)}
    assert all(lines[name] > 0 == idle[name] for name in names)


def test_storage_grows_without_expiry_and_is_steady_with_it() -> None:
    """Objects that expire within the month cost a part of it."""
    load = Workload(minutes=100_000)
    first = next(line.usd for line in bill(load, "lambda") if line.name == "S3: storage")
    assert storage_usd(load, month=1) == pytest.approx(first)
    assert storage_usd(load, month=12) == pytest.approx(12 * first)
    steady = [storage_usd(load, month=month, input_days=7, output_days=90) for month in (3, 12, 36)]
    assert steady == pytest.approx([steady[0]] * 3)
    assert storage_usd(load, month=1, input_days=15, output_days=15) == pytest.approx(first / 2)
