"""Refuses changes of a stack that AWS would refuse later, with an order of steps that works. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy.stacks import Deployed

VPC_ORIGIN = "AWS::CloudFront::VpcOrigin"


class ChangeRefusedError(Exception):
    """A change can't be made in one deployment; the message gives the steps in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """A change of one resource in a change set."""

    logical_id: str
    resource_type: str
    action: str
    """CloudFormation's word: Add, Modify, Remove, Import or Dynamic."""
    physical_id: str | None = None
    replacement: str = "False"
    """CloudFormation's word for a Modify: True, False or Conditional, which depends on the new value."""
    properties: tuple[str, ...] = ()
    """The names of the changed properties."""

    @property
    def is_replaced(self) -> bool:
        """True if CloudFormation creates the resource again, and then deletes the old one with its data."""
        return self.action == "Modify" and self.replacement in {"True", "Conditional"}


MARKS: Mapping[str, str] = {"Add": "+", "Modify": "~", "Remove": "-", "Import": "+", "Dynamic": "~"}


def change_line(change: ResourceChange) -> str:
    """Return the line of a plan for one change; a replaced resource stands out.

    >>> change_line(ResourceChange(logical_id="Uploads", resource_type="AWS::SQS::Queue", action="Add"))
    '    + Uploads                          AWS::SQS::Queue'
    """
    line = f"{change.logical_id:<32} {change.resource_type}"
    changed = f": {', '.join(change.properties)}" if change.properties else ""
    if change.is_replaced:
        word = "REPLACED" if change.replacement == "True" else "MAY BE REPLACED"
        return f" !! {MARKS[change.action]} {line}  {word}{changed}"
    return f"    {MARKS[change.action]} {line}{changed}"


def demand_vpc_origin_unused(
    deployment: str, changes: Sequence[ResourceChange], existing: Mapping[str, Deployed]
) -> None:
    """Check that no change touches the VPC origin that the distribution uses.

    CloudFront updates and deletes a VPC origin only while no distribution uses it; a changed tag is an update.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html

    Raises:
        ChangeRefusedError: a change does.
    """
    in_use = existing["edge"].parameters.get("ApiVpcOriginId") if "edge" in existing else None
    touched = [
        each
        for each in changes
        if each.resource_type == VPC_ORIGIN and each.action != "Add" and each.physical_id in {in_use, None}
    ]
    if in_use and touched:
        raise ChangeRefusedError(
            f"{touched[0].logical_id} ({touched[0].action}): CloudFront uses this VPC origin, and refuses to update or "
            "delete it, even to change a tag. In this order: "
            f"1. `make deploy TARGET=lambda STACK={deployment}` moves the API to Lambda and deletes this stack; "
            f"2. `make deploy TARGET=fargate STACK={deployment}` with your change creates it again. "
            "The settings stay; give the other parameters of the Fargate stack again in step 2"
        )
