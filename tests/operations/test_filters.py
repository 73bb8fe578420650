"""The metric filters, laid over log lines that service and worker really wrote."""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from local import cloudformation_template as templates
from local.embedded_aws import ROOT

from .conftest import Story

TEMPLATE = templates.parse((ROOT / "infra" / "alarms.yaml").read_text(encoding="utf-8"))
TERM = re.compile(r"\$\.(?P<field>\w+) (?:(?P<compare>=|!=|>=) (?P<value>\"[^\"]*\"|\d+)|(?P<is>IS FALSE))")


def _matches(pattern: str, line: dict[str, Any]) -> bool:
    """Whether CloudWatch would take the line: of its patterns for JSON, as much as ours use.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """

    def holds(term: re.Match[str]) -> bool:
        found = line.get(term["field"])
        if term["is"]:
            return found is False
        value = json.loads(term["value"])
        if term["compare"] == ">=":
            return isinstance(found, int) and found >= value
        is_equal = fnmatchcase(found, value) if isinstance(found, str) else found == value
        return is_equal == (term["compare"] == "=")

    reduced = TERM.sub(lambda term: str(int(holds(term))), pattern).strip("{} ").replace(" ", "")
    steps = {r"\(([01])\)": r"\1", r"1&&1": "1", r"[01]&&0|0&&1": "0", r"0\|\|0": "0", r"[01]\|\|1|1\|\|0": "1"}
    while len(reduced) > 1:
        before = reduced
        for step, becomes in steps.items():
            reduced = re.sub(step, becomes, reduced)
        assert reduced != before, f"{pattern} has more in it than this knows of: {reduced}"
    return reduced == "1"


def _filter(name: str) -> tuple[str, str]:
    properties = TEMPLATE["Resources"][f"{name}Filter"]["Properties"]
    pattern = properties["FilterPattern"]
    if isinstance(pattern, dict):
        pattern = pattern["Fn::Sub"].replace("${ServiceLatencyMs}", "2000")
    return pattern, properties["MetricTransformations"][0]["MetricValue"]


@pytest.mark.parametrize("name", ["UploadToJobMs", "JobToFinalMs", "EventsApplied", "EventsIgnored", "StuckJobs"])
def test_a_filter_finds_its_number_in_the_workers_log(story: Story, name: str) -> None:
    """At least once in a story of three jobs, and as a number each time."""
    pattern, value = _filter(name)
    found = [line for line in story.lines(story.worker) if _matches(pattern, line)]
    assert found
    assert all(value == "1" or isinstance(line[value.removeprefix("$.")], int) for line in found)


def test_jobs_take_their_time_once_each(story: Story) -> None:
    """Three jobs ended, and three lines say how long they took; progress says nothing of it."""
    pattern, _ = _filter("JobToFinalMs")
    found = [line for line in story.lines(story.worker) if _matches(pattern, line)]
    assert sorted(line["event_type"] for line in found) == ["Completed", "Failed", "Failed"]


def test_a_held_request_is_never_slow() -> None:
    """A long poll takes as long as it was asked to."""
    pattern, _ = _filter("SlowRequests")
    slow = {"event": "request.answered", "duration_ms": 2_000, "is_held": False}
    assert _matches(pattern, slow)
    assert not _matches(pattern, {**slow, "is_held": True})
    assert not _matches(pattern, {**slow, "duration_ms": 1_999})


def test_errors_are_what_is_logged_as_such(story: Story) -> None:
    """A file that can't be transcoded is nobody's error but its own."""
    pattern, _ = _filter("WorkerErrors")
    assert [line for line in story.lines(story.worker) if _matches(pattern, line)] == []
    assert _matches(pattern, {"level": "critical", "logger": "worker"})
    assert not _matches(pattern, {"level": "warning", "logger": "worker"})
    assert not _matches(pattern, {"level": "error", "logger": "opentelemetry.exporter.otlp.proto.http"})
