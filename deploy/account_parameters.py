"""Reads from the account which parameters a target's stack gets, before any stack is changed."""

from collections.abc import Callable, Mapping

from deploy import account_state
from deploy.aws_account import Account
from deploy.lambda_concurrency import (
    concurrency_level,
    concurrency_notice,
    concurrency_parameters,
    requested_concurrency,
    reserved_now,
)
from deploy.stacks import Deployed
from deploy.zones import ZONE_COUNT, select_zones

Report = Callable[[str], None]
Value = Callable[[str], str]
"""Returns a parameter of the stack, which may not be deployed yet."""


async def concurrency(account: Account, value: Value, *, current: Mapping[str, str], report: Report) -> dict[str, str]:
    """Return the parameters of Lambda's stack that adapt it to the account's concurrent executions."""
    requested = requested_concurrency(value)
    limits = await account_state.read_concurrency(account)
    level = concurrency_level(limits, requested, reserved_now=reserved_now(current))
    if notice := concurrency_notice(level, limits):
        report(f"{'concurrency':<40} {notice}")
    return concurrency_parameters(level, requested)


async def zones(account: Account, *, is_kept: bool) -> dict[str, str]:
    """Return the zones for a new VPC; with `is_kept`, the stack doesn't use them."""
    found = await account_state.read_zones(account)
    if is_kept:
        return {"AvailabilityZones": ",".join(sorted(zone.name for zone in found)[:ZONE_COUNT])}
    return {"AvailabilityZones": ",".join(select_zones(account.region, found))}


def parameters_of(existing: Mapping[str, Deployed], role: str) -> Mapping[str, str]:
    """Return the current parameters of a stack; none if it doesn't exist."""
    return existing[role].parameters if role in existing else {}
