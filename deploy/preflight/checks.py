"""Decides from the facts whether a deployment would fail, and what to do about it. Pure."""

from deploy.cost.monthly_bill import bill, total
from deploy.cost.workload import Workload
from deploy.lambda_concurrency import concurrency_level, concurrency_notice, requested_concurrency, reserved_now
from deploy.open_access import OPEN_ACCESS, is_refused
from deploy.parameters import ParameterError
from deploy.preflight import quotas
from deploy.preflight.facts import Facts, Intent
from deploy.preflight.findings import Finding, Unread, fail, note, ok, unchecked
from deploy.stacks import Step, next_step, stack
from deploy.zones import ZoneError, select_zones

ALARMS = "Alarms, metrics, dashboard"
SHOWN_REGIONS = 3
SHOWN_ACTIONS = 6


def blocking(intent: Intent, facts: Facts) -> list[Finding]:
    """Return the findings of the checks that `make deploy` repeats before it creates anything.

    The simulation of permissions isn't one of them: it doesn't know every policy that applies to the caller.
    """
    return [
        check_access(intent),
        check_region(intent, facts),
        *check_stacks(intent, facts),
        *check_capacity(intent, facts),
        *check_quotas(intent, facts),
        check_names(intent, facts),
    ]


def all_checks(intent: Intent, facts: Facts) -> list[Finding]:
    """Return the findings of every check, in the order of the table."""
    return [
        ok("credentials", f"{facts.caller_arn}, account {intent.account_id}"),
        check_permissions(facts),
        *blocking(intent, facts),
        price(intent),
    ]


def check_access(intent: Intent) -> Finding:
    """Return whether the API needs a token, or the operator wants it open."""
    issuer = intent.parameters[intent.target].get("AuthIssuer", "")
    if is_refused(issuer, is_confirmed=intent.is_open_confirmed):
        return fail("access", OPEN_ACCESS)
    if not issuer:
        return note("access", "open: everyone who knows the address may upload and watch")
    return ok("access", f"callers need a token of {issuer}")


def check_region(intent: Intent, facts: Facts) -> Finding:
    """Return whether the Region has MediaConvert; AWS's own list decides, or else the list of the installed SDK."""
    regions = facts.known_mediaconvert_regions
    if not isinstance(facts.mediaconvert_regions, Unread) and facts.mediaconvert_regions:
        regions = [*facts.mediaconvert_regions, *(each for each in regions if each == intent.region)]
    if intent.region in regions:
        return ok("Region", f"{intent.region} has MediaConvert")
    continent = intent.region.partition("-")[0]
    near = sorted(each for each in regions if each.startswith(f"{continent}-")) or sorted(regions)
    return fail("Region", f"{intent.region} has no MediaConvert: use REGION={' or '.join(near[:SHOWN_REGIONS])}")


def check_permissions(facts: Facts) -> Finding:
    """Return the actions that the caller's policies don't allow."""
    if isinstance(facts.denied, Unread):
        return unchecked("permissions", facts.denied)
    if not facts.denied:
        return ok("permissions", "the caller's policies allow the actions that create each resource")
    shown = ", ".join(each.action for each in facts.denied[:SHOWN_ACTIONS])
    rest = len(facts.denied) - SHOWN_ACTIONS
    more = f" and {rest} more" if rest > 0 else ""
    return fail("permissions", f"allow {shown}{more} in a policy of {facts.caller_arn}, or use another AWS_PROFILE")


def check_stacks(intent: Intent, facts: Facts) -> list[Finding]:
    """Return a finding for each stack that isn't simply absent or complete, or one for all of them."""
    existing = {name: status for name, status in facts.stack_statuses.items() if status}
    unusual = [finding for name, status in existing.items() if (finding := _unusual_stack(name, status))]
    if unusual:
        return unusual
    found = f"{len(existing)} exist" if existing else f"there is no {intent.deployment} yet"
    return [ok("stacks", found)]


def _unusual_stack(name: str, status: str) -> Finding | None:
    check = f"stack {name}"
    match next_step(status):
        case Step.GIVE_UP:
            command = f"aws cloudformation continue-update-rollback --stack-name {name}"
            return fail(check, f"{status}: fix the cause that its events name, then run `{command}`")
        case Step.REMOVE:
            return note(check, f"{status}: `make deploy` deletes the remains and creates it again")
        case Step.WAIT:
            return note(check, f"{status}: another command is changing it; `make deploy` waits until that ends")
        case Step.CREATE | Step.UPDATE:
            return None


def check_capacity(intent: Intent, facts: Facts) -> list[Finding]:
    """Return whether the account has concurrent executions for Lambda, or zones and vCPUs for Fargate."""
    if intent.target == "lambda":
        return [_check_concurrency(intent, facts)]
    return [_check_zones(intent, facts), *quotas.check_vcpus(intent.parameters["fargate"], facts.quotas["fargate"])]


def _check_concurrency(intent: Intent, facts: Facts) -> Finding:
    check = "quota: Lambda executions at once"
    if isinstance(facts.concurrency, Unread):
        return unchecked(check, facts.concurrency)
    parameters = intent.parameters["lambda"]
    requested = requested_concurrency(parameters.__getitem__)
    is_deployed = facts.stack_statuses.get(stack("lambda", intent.deployment).name) is not None
    now = reserved_now(parameters) if is_deployed else 0
    try:
        level = concurrency_level(facts.concurrency, requested, reserved_now=now)
    except ParameterError as error:
        return fail(check, str(error))
    if notice := concurrency_notice(level, facts.concurrency):
        return note(check, notice)
    return ok(check, f"{facts.concurrency.limit}, {facts.concurrency.unreserved} of them unreserved")


def _check_zones(intent: Intent, facts: Facts) -> Finding:
    if isinstance(facts.zones, Unread):
        return unchecked("zones", facts.zones)
    if intent.parameters["fargate"].get("VpcId"):
        return ok("zones", "those of your VPC")
    try:
        names = select_zones(intent.region, facts.zones)
    except ZoneError as error:
        return fail("zones", str(error))
    return ok("zones", f"{', '.join(names)} have Fargate and CloudFront VPC origins")


def check_quotas(intent: Intent, facts: Facts) -> list[Finding]:
    """Return whether the quotas on numbers of resources and on MediaConvert's jobs allow the deployment."""
    roles = {intent.target, "edge", "mediaconvert"} - set(intent.without)
    counted = [
        quotas.check_count(
            each,
            facts.quotas[each.service],
            facts.usage[each.code],
            is_new=facts.stack_statuses.get(stack(each.role, intent.deployment).name) is None,
        )
        for each in quotas.COUNTED
        if each.role in roles and not (each.service == "vpc" and intent.parameters["fargate"].get("VpcId"))
    ]
    return [*quotas.check_jobs(facts.quotas["mediaconvert"]), *counted]


def check_names(intent: Intent, facts: Facts) -> Finding:
    """Return whether another resource already has a name that the deployment needs."""
    if isinstance(facts.taken, Unread):
        return unchecked("names", facts.taken)
    if not facts.taken:
        return ok("names", "no other resource has a name of this deployment")
    listed = ", ".join(f"{each.kind} {each.name}" for each in facts.taken)
    return fail("names", f"{listed}: exists and isn't part of {intent.deployment}; delete it, or use another STACK")


def price(intent: Intent) -> Finding:
    """Return the price of a month without any upload."""
    lines = bill(Workload(minutes=0), intent.target)
    usd = total([each for each in lines if not (each.name == ALARMS and "alarms" in intent.without)])
    return note("price", f"{usd:.2f} USD a month with no use, at list prices of US East; docs/cost.md has each line")
