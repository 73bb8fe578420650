"""Evaluates the metric filters of infra/ on log lines as CloudWatch does, as far as our patterns need it.

No emulator applies metric filters. Two rules of CloudWatch are easy to break: a term doesn't match a line without its
field, and a filter takes its value only from a field that its pattern selects.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
"""

import json
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeGuard

from local import cloudformation_template as templates
from local.embedded_aws import ROOT

TEMPLATE, FARGATE = (
    templates.parse((ROOT / "infra" / f"{name}.yaml").read_text(encoding="utf-8")) for name in ("alarms", "fargate")
)
TOKEN = re.compile(
    r"\s*(?:(?P<symbol>&&|\|\||[()])"
    r"|\$\.(?P<field>\w+)\s+(?:(?P<compare>!=|>=|<=|=|>|<)\s*(?P<value>\"[^\"]*\"|-?\d+(?:\.\d+)?)"
    r"|IS\s+(?P<literal>TRUE|FALSE|NULL)))"
)
LITERALS = {"TRUE": True, "FALSE": False, "NULL": None}
COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFilter:
    """A metric filter of the template; `value` is a number, or `$.field`."""

    name: str
    pattern: str
    metric: str
    value: str

    def metric_value(self, line: Mapping[str, Any]) -> float | None:
        """Return the number that CloudWatch adds to the metric for a log line; None if it adds none."""
        if not matches(self.pattern, line):
            return None
        if not self.value.startswith("$."):
            return float(self.value)
        field = self.value.removeprefix("$.")
        is_selected = field in {token["field"] for token in TOKEN.finditer(self.pattern)}
        found: object = line.get(field)
        return float(found) if is_selected and _is_number(found) else None


def metric_filters() -> dict[str, MetricFilter]:
    """Return every metric filter of both templates by its logical id, with the template's default thresholds."""
    found: dict[str, MetricFilter] = {}
    for name, resource in {**TEMPLATE["Resources"], **FARGATE["Resources"]}.items():
        if resource["Type"] == "AWS::Logs::MetricFilter":
            (transformation,) = resource["Properties"]["MetricTransformations"]
            found[name] = MetricFilter(
                name=name,
                pattern=_with_defaults(resource["Properties"]["FilterPattern"]),
                metric=transformation["MetricName"],
                value=transformation["MetricValue"],
            )
    return found


def matches(pattern: str, line: Mapping[str, Any]) -> bool:
    """Return whether a JSON pattern, with its braces, matches a log line."""
    text = pattern.strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise ValueError(f"no pattern for JSON: {pattern}")
    expression, position = "", 0
    body = text[1:-1].rstrip()
    while position < len(body):
        token = TOKEN.match(body, position)
        if token is None:
            raise ValueError(f"this evaluator does not know {body[position:]!r}")
        symbols = {"&&": " and ", "||": " or "}
        symbol = token["symbol"]
        expression += symbols.get(symbol, symbol) if symbol else str(_holds(token, line))
        position = token.end()
    return bool(eval(expression))  # noqa: S307 -- only True, False, and, or and parentheses


def _holds(term: re.Match[str], line: Mapping[str, Any]) -> bool:
    if term["field"] not in line:
        return False
    found = line[term["field"]]
    if term["literal"]:
        return found is LITERALS[term["literal"]]
    value, compare = json.loads(term["value"]), term["compare"]
    if compare in {"=", "!="}:
        return _equals(found, value) == (compare == "=")
    return _is_number(found) and _is_number(value) and bool(COMPARISONS[compare](found, value))


def _equals(found: object, value: object) -> bool:
    if isinstance(found, str) and isinstance(value, str):
        return fnmatchcase(found, value)
    return _is_number(found) and found == value


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _with_defaults(pattern: str | Mapping[str, str]) -> str:
    if isinstance(pattern, str):
        return pattern
    defaults = {name: str(each.get("Default", "")) for name, each in TEMPLATE["Parameters"].items()}
    return re.sub(r"\$\{(\w+)\}", lambda found: defaults[found[1]], pattern["Fn::Sub"])
