"""Points the aliases of the Lambda functions to an earlier release: `make rollback`. Repeating it is safe."""

from collections.abc import Callable
from typing import Any

from deploy.aws_account import Account
from deploy.cloudformation import CloudFormation
from deploy.releases import ALIAS, UNPUBLISHED, FunctionVersion, FunctionVersions, RollbackError, plan_rollback
from deploy.stacks import Deployed, stack

Report = Callable[[str], None]
FUNCTIONS = ("ServiceFunction", "WorkerFunction", "ReconcileFunction")
"""Outputs of infra/lambda.yaml."""


async def roll_back(
    deployment: str, account: Account, cloudformation: CloudFormation, report: Report, *, release: str | None = None
) -> None:
    """Move all aliases to the release, by default to the one before the live one.

    Raises:
        RollbackError: the deployment doesn't run on Lambda, or there is no such release.
    """
    name = stack("lambda", deployment).name
    deployed = await cloudformation.find(name)
    if deployed is None:
        raise RollbackError(
            f"there is no {name}: on Fargate, ECS rolls back a failed deployment itself; to leave a release that "
            "started well, check out the earlier version, and deploy it"
        )
    functions = await account.client("lambda")
    found = [await read_versions(functions, deployed.outputs[each]) for each in FUNCTIONS]
    moves = plan_rollback(found, release)
    for move in moves:
        await functions.update_alias(FunctionName=move.function, Name=ALIAS, FunctionVersion=str(move.after.number))
        published = f", published {move.after.published}" if move.after.published else ""
        report(f"{move.function:<40} {move.before} -> {move.after.number} (release {move.after.release}{published})")
    if not moves:
        report(f"{deployment:<40} release {release} is live already")


async def read_versions(functions: Any, function: str) -> FunctionVersions:  # noqa: ANN401 -- a client without stubs here
    """Return the function's published versions and the number of the live one."""
    alias = await functions.get_alias(FunctionName=function, Name=ALIAS)
    pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=function)
    versions = [
        FunctionVersion(
            number=int(each["Version"]), release=each.get("Description", ""), published=each.get("LastModified", "")
        )
        async for page in pages
        for each in page["Versions"]
        if each["Version"] != UNPUBLISHED
    ]
    live = None if alias["FunctionVersion"] == UNPUBLISHED else int(alias["FunctionVersion"])
    return FunctionVersions(function=function, live=live, versions=versions)


async def rolled_back_notice(account: Account, deployed: Deployed) -> str:
    """Return a line for the operator if the live release isn't the deployed one; otherwise an empty string."""
    functions = await account.client("lambda")
    service = await read_versions(functions, deployed.outputs[FUNCTIONS[0]])
    release = deployed.parameters.get("Release", "")
    if service.live_release == release:
        return ""
    return (
        f"rolled back: release {service.live_release} is live, and not {release}; deploy a change, or make it live "
        f"again: `make rollback RELEASE={release}`"
    )
