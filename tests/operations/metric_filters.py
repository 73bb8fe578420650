"""The metric filters of infra/alarms.yaml, and the part of CloudWatch's filter patterns that they use."""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

from local import cloudformation_template as templates
from local.embedded_aws import ROOT

TEMPLATE = templates.parse((ROOT / "infra" / "alarms.yaml").read_text(encoding="utf-8"))
TERM = re.compile(r"\$\.(?P<field>\w+) (?:(?P<compare>=|!=|>=) (?P<value>\"[^\"]*\"|\d+)|(?P<is>IS FALSE))")


def matches(pattern: str, line: dict[str, Any]) -> bool:
    """Return whether a filter with this pattern for JSON matches the log line.

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
        for step, replacement in steps.items():
            reduced = re.sub(step, replacement, reduced)
        assert reduced != before, f"{pattern} has a part that this function doesn't know: {reduced}"
    return reduced == "1"


def pattern_and_value(name: str) -> tuple[str, str]:
    """Return the filter's pattern, and the value that it gives to its metric."""
    properties = TEMPLATE["Resources"][f"{name}Filter"]["Properties"]
    pattern = properties["FilterPattern"]
    if isinstance(pattern, dict):
        pattern = pattern["Fn::Sub"].replace("${ServiceLatencyMs}", "2000")
    return pattern, properties["MetricTransformations"][0]["MetricValue"]
