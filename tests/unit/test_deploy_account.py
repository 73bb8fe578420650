"""A deployment adapts to the account's zones and concurrent executions, and refuses changes that AWS would refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.lambda_concurrency import (
    MIN_LIMIT,
    UNRESERVABLE,
    AccountConcurrency,
    RequestedConcurrency,
    concurrency_level,
    concurrency_notice,
    concurrency_parameters,
    low_reservation,
    requested_concurrency,
    reserved_now,
)
from deploy.parameters import ParameterError
from deploy.stack_changes import VPC_ORIGIN, ChangeRefusedError, ResourceChange, demand_vpc_origin_unused
from deploy.stacks import Deployed
from deploy.zones import FARGATE_ONLY, VPC_ORIGINS_EXCLUDE, Zone, ZoneError, select_zones

DEFAULTS = RequestedConcurrency(uploads=5, submission=2, job_events=10, worker_reserved=0, service_reserved=0)


def zones(region: str, **ids: str) -> list[Zone]:
    """Return zones by the letter of their name."""
    return [Zone(name=f"{region}{letter}", zone_id=zone_id) for letter, zone_id in ids.items()]


@pytest.mark.parametrize(
    ("region", "ids", "selected"),
    [
        ("us-east-1", {"a": "use1-az3", "b": "use1-az6", "c": "use1-az1"}, "bc"),
        ("us-east-1", {"a": "use1-az2", "b": "use1-az4", "c": "use1-az3"}, "ab"),
        ("ap-northeast-1", {"a": "apne1-az4", "b": "apne1-az3", "c": "apne1-az1"}, "ac"),
        ("ca-central-1", {"a": "cac1-az1", "b": "cac1-az2", "d": "cac1-az4"}, "ab"),
        ("eu-west-1", {"c": "euw1-az3", "a": "euw1-az1", "b": "euw1-az2"}, "ab"),
        ("us-west-1", {"a": "usw1-az1", "b": "usw1-az3"}, "ab"),
        ("cn-north-1", {"a": "cnn1-az3", "b": "cnn1-az1", "d": "cnn1-az2"}, "bd"),
    ],
)
def test_two_zones_with_fargate_and_vpc_origins_are_selected(region: str, ids: dict[str, str], selected: str) -> None:
    """Zone names differ between accounts, so the rule uses the zones' ids and returns names."""
    assert select_zones(region, zones(region, **ids)) == [f"{region}{letter}" for letter in selected]


def test_an_account_with_one_usable_zone_is_refused_with_the_next_step() -> None:
    """Accounts see two zones of us-west-1, and usw1-az2 has neither Fargate nor VPC origins."""
    with pytest.raises(ZoneError, match=r"us-west-1: this account has 1 zone.+TARGET=lambda"):
        select_zones("us-west-1", zones("us-west-1", a="usw1-az2", b="usw1-az3"))


@given(ids=st.sets(st.sampled_from(sorted({*VPC_ORIGINS_EXCLUDE, *FARGATE_ONLY["ap-northeast-1"]})), min_size=1))
def test_an_excluded_zone_is_never_selected(ids: set[str]) -> None:
    """Both lists of AWS's guides apply."""
    available = [Zone(name=f"zone-{zone_id}", zone_id=zone_id) for zone_id in ids]
    try:
        selected = select_zones("ap-northeast-1", available)
    except ZoneError:
        return
    assert not {name.removeprefix("zone-") for name in selected} & VPC_ORIGINS_EXCLUDE


@pytest.mark.parametrize(
    ("limit", "unreserved", "now", "level"),
    [
        (10, 10, 0, "scarce"),
        (109, 109, 0, "scarce"),
        (110, 110, 0, "low"),
        (116, 116, 0, "low"),
        (117, 117, 0, "ample"),
        (1_000, 1_000, 0, "ample"),
        (1_000, 983, 17, "ample"),  # a second run: these functions hold the reservation
        (1_000, 100, 17, "ample"),
        (1_000, 105, 0, "scarce"),  # other functions have reserved the rest
        (1_000, 106, 0, "low"),
    ],
)
def test_the_accounts_limit_determines_the_functions_concurrency(
    limit: int, unreserved: int, now: int, level: str
) -> None:
    """Lambda keeps 100 executions unreserved, and a new account has 10."""
    account = AccountConcurrency(limit=limit, unreserved=unreserved)
    assert concurrency_level(account, DEFAULTS, reserved_now=now) == level


@given(
    limit=st.integers(1, 2_000), uploads=st.integers(2, 50), job_events=st.integers(2, 50), webhooks=st.integers(0, 3)
)
def test_the_worker_never_reserves_more_than_lambda_allows(
    limit: int, uploads: int, job_events: int, webhooks: int
) -> None:
    """And never less than its event sources use."""
    requested = RequestedConcurrency(
        uploads=uploads, submission=2, job_events=job_events, worker_reserved=0, service_reserved=0, webhooks=webhooks
    )
    level = concurrency_level(AccountConcurrency(limit=limit, unreserved=limit), requested, reserved_now=0)
    parameters = concurrency_parameters(level, requested)
    smallest = low_reservation(webhooks)
    reserved = {"low": smallest, "scarce": 0}.get(level, int(parameters["WorkerReservedConcurrency"]))
    assert limit - reserved >= UNRESERVABLE or reserved == 0
    assert (reserved == 0) == (limit < max(MIN_LIMIT, UNRESERVABLE + smallest))
    assert level != "ample" or reserved == uploads + 2 + job_events + 2 * webhooks


def test_each_configured_endpoint_of_webhooks_adds_an_event_source() -> None:
    """An empty URL is no endpoint."""
    values = {"UploadsConcurrency": "5", "SubmissionConcurrency": "2", "JobEventsConcurrency": "10"}
    values |= {"WorkerReservedConcurrency": "0", "ServiceReservedConcurrency": "0"}
    values |= {"Webhook1Url": "https://a.example", "Webhook2Url": "", "Webhook3Url": "https://b.example"}
    assert requested_concurrency(values.__getitem__).event_sources == 21


def test_a_larger_reservation_of_the_operator_stays() -> None:
    """The sum of the event sources is the minimum."""
    requested = RequestedConcurrency(uploads=5, submission=2, job_events=10, worker_reserved=40, service_reserved=0)
    assert concurrency_parameters("ample", requested)["WorkerReservedConcurrency"] == "40"


def test_a_reservation_that_the_account_can_not_make_is_refused_before_anything_is_created() -> None:
    """The message names the quota to request."""
    requested = RequestedConcurrency(uploads=5, submission=2, job_events=10, worker_reserved=0, service_reserved=20)
    with pytest.raises(ParameterError, match=r"request 20 executions, and this account can reserve 0.+L-B99A9384"):
        concurrency_level(AccountConcurrency(limit=10, unreserved=10), requested, reserved_now=0)


@pytest.mark.parametrize(
    ("parameters", "reserved"),
    [
        ({}, 0),
        ({"Concurrency": "ample", "WorkerReservedConcurrency": "15", "ServiceReservedConcurrency": "5"}, 20),
        ({"Concurrency": "low", "WorkerReservedConcurrency": "0"}, 6),
        ({"Concurrency": "low", "Webhook1Url": "", "Webhook2Url": "https://a.example"}, 8),
        ({"Concurrency": "scarce", "WorkerReservedConcurrency": "0"}, 0),
    ],
)
def test_the_deployed_parameters_tell_what_is_reserved(parameters: dict[str, str], reserved: int) -> None:
    """A second run must not count its own reservation as another function's."""
    assert reserved_now(parameters) == reserved


def test_the_operator_learns_the_limit_and_the_quota() -> None:
    """An account with enough executions needs no line."""
    account = AccountConcurrency(limit=10, unreserved=10)
    assert "the account's limit is 10, request 1000" in concurrency_notice("scarce", account)
    assert concurrency_notice("ample", account) == ""


def edge(origin: str) -> dict[str, Deployed]:
    """Return an edge stack whose distribution uses a VPC origin, or none."""
    return {"edge": Deployed(status="", parameters={"ApiVpcOriginId": origin}, outputs={})}


def change(action: str, *, kind: str = VPC_ORIGIN, physical_id: str = "vo_1") -> ResourceChange:
    """Return a change of the VPC origin."""
    return ResourceChange(logical_id="VpcOrigin", resource_type=kind, action=action, physical_id=physical_id)


@pytest.mark.parametrize("action", ["Modify", "Remove", "Dynamic"])
def test_a_change_of_the_vpc_origin_in_use_is_refused_with_the_steps(action: str) -> None:
    """CloudFront would refuse it after CloudFormation has changed other resources."""
    with pytest.raises(ChangeRefusedError, match=r"1\. `make deploy TARGET=lambda STACK=demo`.+2\. .+TARGET=fargate"):
        demand_vpc_origin_unused("demo", [change(action)], edge("vo_1"))


@pytest.mark.parametrize(
    ("changes", "existing"),
    [
        ([change("Modify")], {}),
        ([change("Modify")], edge("")),
        ([change("Modify")], edge("vo_2")),
        ([change("Add")], edge("vo_1")),
        ([change("Modify", kind="AWS::ECS::Service")], edge("vo_1")),
        ([], edge("vo_1")),
    ],
)
def test_other_changes_are_not_refused(changes: list[ResourceChange], existing: dict[str, Deployed]) -> None:
    """Without a distribution that uses it, CloudFront updates and deletes a VPC origin."""
    demand_vpc_origin_unused("demo", changes, existing)
