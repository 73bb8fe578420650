"""Checks an account for one deployment: `make preflight`, and the first step of `make deploy`."""

from deploy.deployment import Deployment
from deploy.parameters import Known, ParameterError, fill
from deploy.preflight.checks import all_checks, blocking
from deploy.preflight.facts import Intent
from deploy.preflight.findings import Finding, fail, failures
from deploy.preflight.reader import read_facts
from deploy.stacks import every_stack, stacks


class PreflightError(Exception):
    """A deployment would fail; each line of the message says what to do."""


async def check(deployment: Deployment) -> list[Finding]:
    """Return the findings of every check."""
    try:
        intent = await _intent(deployment)
    except ParameterError as error:
        return [fail("parameters", str(error))]
    facts = await read_facts(deployment.account, intent, await _statuses(deployment))
    return all_checks(intent, facts)


async def demand_deployable(deployment: Deployment) -> None:
    """Check what `make deploy` needs, before it creates anything.

    Raises:
        PreflightError: a deployment would fail.
    """
    intent = await _intent(deployment)
    facts = await read_facts(deployment.account, intent, await _statuses(deployment), with_permissions=False)
    if failed := failures(blocking(intent, facts)):
        raise PreflightError("\n".join(f"{each.check}: {each.text}" for each in failed))


async def _statuses(deployment: Deployment) -> dict[str, str | None]:
    """Return the status of each stack that the deployment can have; None for a stack that doesn't exist."""
    cloudformation = deployment.cloudformation
    return {each.name: await cloudformation.status(each.name) for each in every_stack(deployment.request.deployment)}


async def _intent(deployment: Deployment) -> Intent:
    request, account = deployment.request, deployment.account
    plan = stacks(request.deployment, request.target, without=request.without)
    await deployment.read_stacks(plan)
    return Intent(
        deployment=request.deployment,
        target=request.target,
        account_id=account.account_id,
        region=account.region,
        partition=account.partition,
        without=request.without,
        is_open_confirmed=request.is_open_confirmed,
        parameters={each.role: _parameters(deployment, each.role) for each in plan},
        resource_types=sorted(
            {name for each in deployment.with_firewall(plan) for name in deployment.resource_types[each.role]}
        ),
    )


def _parameters(deployment: Deployment, role: str) -> dict[str, str]:
    """Return the parameters of a stack whose values are known before it exists."""
    previous = deployment.existing[role].parameters if role in deployment.existing else {}
    known = Known(given=deployment.request.given, previous=previous, suggested=deployment.suggested(role))
    values: dict[str, str] = {}
    for each in deployment.declared[role]:
        try:
            values |= fill([each], known)
        except ParameterError:  # the output of a stack that doesn't exist yet
            continue
    return values
