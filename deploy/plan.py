"""Shows the changes that a deployment would make, and makes none: `make deploy … PLAN=1`."""

from deploy.cloudformation import StackError
from deploy.deployment import Deployment
from deploy.parameters import ParameterError
from deploy.stack_changes import ChangeRefusedError, ResourceChange, change_line, demand_vpc_origin_unused
from deploy.stacks import Stack, stack, stacks


async def show_plan(deployment: Deployment) -> bool:
    """Report each stack and its changes; return False if AWS or the command would refuse one of them."""
    request = deployment.request
    plan = stacks(request.deployment, request.target, without=request.without)
    await deployment.read_stacks(plan)
    await deployment.read_account()
    if request.target == "lambda":
        deployment.code_parameters = {"CodeKey": deployment.package().key}
    elif "fargate" in deployment.existing:
        deployment.report(f"{'images':<40} not compared: a deployment builds them")
    replaced, is_accepted = 0, True
    for each in deployment.with_firewall(plan):
        changes = await _changes(deployment, each)
        replaced += sum(change.is_replaced for change in changes)
        for change in changes:
            deployment.report(change_line(change))
        is_accepted &= _report_refusal(deployment, changes)
    if deployment.other_target in deployment.existing:
        deployment.report(f"{stack(deployment.other_target, request.deployment).name:<40} delete")
    deployment.report(_conclusion(replaced))
    return is_accepted


async def _changes(deployment: Deployment, each: Stack) -> list[ResourceChange]:
    """Report the stack's next step, and return its changes as far as CloudFormation can compute them."""
    is_new = each.role not in deployment.existing
    if is_new and _missing(deployment, each):
        kinds = ", ".join(name.removeprefix("AWS::") for name in sorted(deployment.resource_types[each.role]))
        deployment.report(f"{each.name:<40} create, after the stacks above: {kinds}")
        return []
    deployment.report_current(each.name)
    try:
        changes = await deployment.cloudformation_of(each).plan_stack(
            each.name, deployment.templates[each.role], deployment.parameters(each.role), tags=deployment.tags
        )
    except StackError:
        if not is_new:
            raise
        # The remains of a failed creation: they are deleted first, so there is nothing to compare with.
        deployment.report(f"{each.name:<40} delete the remains of a failed creation, and create")
        return []
    step = "create" if is_new else "update" if changes else "unchanged"
    deployment.report(f"{each.name:<40} {step}")
    return changes


def _missing(deployment: Deployment, each: Stack) -> bool:
    """Return whether the stack needs outputs or exports of stacks that don't exist yet.

    CloudFormation can't create its change set then, because it resolves imports first.
    """
    try:
        deployment.parameters(each.role)
    except ParameterError:
        return True
    return "ImportValue" in deployment.templates[each.role] and not set(deployment.existing) >= {"pipeline"}


def _report_refusal(deployment: Deployment, changes: list[ResourceChange]) -> bool:
    try:
        demand_vpc_origin_unused(deployment.request.deployment, changes, deployment.existing)
    except ChangeRefusedError as error:
        deployment.report(f"    refused: {error}")
        return False
    return True


def _conclusion(replaced: int) -> str:
    if not replaced:
        return "nothing was changed; this deployment replaces no resource"
    return f"nothing was changed; this deployment replaces {replaced} resource(s), marked !!: their data is lost"
