"""docs/cost.md contains what the cost model computes, and the model counts what the templates declare."""

from pathlib import Path
from typing import Any

import pytest

from deploy.cost import aws_call_counts as counts
from deploy.cost import prices
from deploy.cost.cost_report import document
from deploy.cost.monthly_bill import Target, bill, first_version, total
from deploy.cost.workload import SCALES, Workload
from local import cloudformation_template as templates

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
        if each["Properties"].get("PolicyType") == "TargetTrackingScaling"
    ]
    read = [metrics_of(each.get("CustomizedMetricSpecification", {}).get("Metrics", [])) or 1 for each in policies]
    assert 2 * sum(read) == counts.SCALING_METRICS["fargate"]


def test_the_model_counts_the_custom_metrics_of_the_template() -> None:
    """Each metric filter makes one custom metric."""
    names = {
        each["Properties"]["MetricTransformations"][0]["MetricName"]
        for each in resources("alarms.yaml").values()
        if each["Type"] == "AWS::Logs::MetricFilter"
    }
    assert len(names) == counts.METRICS_OF_OUR_OWN


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


def test_the_document_lists_every_price() -> None:
    """Each price is listed with what it pays for, so that a reader can look it up."""
    assert all(f"| {price.what} |" in document() for price in prices.listed())
