"""The counters of budgets."""

from datetime import UTC, datetime
from typing import Any

import pytest

from local import cloudformation_template as templates
from local.embedded_aws import ROOT
from worker.submission.budget_rule import Budgets

NOON_S = int(datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp())
MINUTE_MS = 60_000


def names(budgets: Budgets, *, caller: str | None = "alice", now_s: int = NOON_S) -> list[str]:
    """Return the names of the counters of a job."""
    return [each.name for each in budgets.counters(counted_ms=0, caller=caller, now_s=now_s)]


@pytest.mark.parametrize(
    ("budgets", "caller", "counters"),
    [
        (Budgets(), "alice", 0),
        (Budgets(per_day=9), "alice", 1),
        (Budgets(per_day_and_caller=9), "alice", 1),
        (Budgets(per_day_and_caller=9), None, 0),
        (Budgets(per_day=9, per_day_and_caller=9), "alice", 2),
        (Budgets(per_day=9, per_day_and_caller=9), None, 1),
    ],
)
def test_a_job_is_counted_in_each_budget_that_is_on(budgets: Budgets, caller: str | None, counters: int) -> None:
    """An upload without an owner has no caller of its own."""
    assert len(names(budgets, caller=caller)) == counters
    assert budgets.is_on == (budgets != Budgets())


def test_a_day_is_one_of_utc() -> None:
    """The counter changes at midnight, and not before."""
    budgets = Budgets(per_day=1)
    midnight_s = int(datetime(2026, 11, 27, tzinfo=UTC).timestamp())
    assert names(budgets, now_s=midnight_s - 1) == ["2026-11-26"]
    assert names(budgets, now_s=midnight_s) == ["2026-11-27"]


def test_callers_have_different_counters_that_do_not_show_their_names() -> None:
    """The name of a caller can be a mail address."""
    budgets = Budgets(per_day_and_caller=1)
    alice, bob = names(budgets), names(budgets, caller="bob")
    assert alice != bob
    assert "alice" not in alice[0]


@pytest.mark.parametrize(("counted_ms", "limit_ms"), [(0, 600_000), (MINUTE_MS, 540_000), (11 * MINUTE_MS, -MINUTE_MS)])
def test_a_counter_must_have_room_for_the_whole_job(counted_ms: int, limit_ms: int) -> None:
    """A job that is larger than the budget has room on no day."""
    (counter,) = Budgets(per_day=10).counters(counted_ms=counted_ms, caller=None, now_s=NOON_S)
    assert counter.limit_ms == limit_ms


@pytest.mark.parametrize("target", ["lambda", "fargate"])
def test_the_templates_have_a_budget_while_access_is_open(target: str) -> None:
    """Without a token everyone can order; with one, and without probes, there is a budget only if it is set."""
    template: dict[str, Any] = dict(templates.parse((ROOT / "infra" / f"{target}.yaml").read_text(encoding="utf-8")))
    default = {"Fn::If": ["HasDefaultMinutesPerDay", "3000", "0"]}
    value = {"Fn::If": ["HasOwnMinutesPerDay", {"Ref": "BillableMinutesPerDay"}, default]}
    assert str(value) in str(template["Resources"])
    assert template["Parameters"]["BillableMinutesPerDay"]["Default"] == "auto"
    assert template["Conditions"]["HasDefaultMinutesPerDay"] == {
        "Fn::And": [{"Fn::Equals": [{"Ref": "AuthIssuer"}, ""]}, {"Fn::Equals": [{"Ref": "Probe"}, "on"]}]
    }
