"""Reads change sets and template summaries of CloudFormation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.parameters import Declared
from deploy.stack_changes import ResourceChange

if TYPE_CHECKING:
    from types_aiobotocore_cloudformation import CloudFormationClient
    from types_aiobotocore_cloudformation.type_defs import ResourceChangeTypeDef


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSummary:
    """The parameters of a template, and the types of its resources."""

    parameters: list[Declared]
    resource_types: list[str]


async def read_changes(client: "CloudFormationClient", stack: str, change_set: str) -> list[ResourceChange]:
    """Return the changes of a change set that CloudFormation has computed."""
    pages = client.get_paginator("describe_change_set").paginate(StackName=stack, ChangeSetName=change_set)
    return [
        _resource_change(change)
        async for page in pages
        for change in (each.get("ResourceChange") for each in page.get("Changes", []))
        if change
    ]


def _resource_change(change: "ResourceChangeTypeDef") -> ResourceChange:
    targets = [each.get("Target", {}) for each in change.get("Details", [])]
    names = [target.get("Name") or target.get("Attribute") or "" for target in targets]
    return ResourceChange(
        logical_id=change["LogicalResourceId"],
        resource_type=change["ResourceType"],
        action=change["Action"],
        physical_id=change.get("PhysicalResourceId"),
        replacement=change.get("Replacement", "False"),
        properties=tuple(dict.fromkeys(name for name in names if name)),
    )
