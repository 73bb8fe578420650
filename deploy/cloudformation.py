"""Creates, updates, reads and deletes CloudFormation stacks.

Every change goes through a change set, because only a change set says beforehand that there is nothing to change.
"""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deploy.change_sets import TemplateSummary, read_changes
from deploy.parameters import Declared
from deploy.stack_changes import ChangeRefusedError, ResourceChange
from deploy.stacks import Deployed, Step, next_step, reasons

if TYPE_CHECKING:
    from types_aiobotocore_cloudformation import CloudFormationClient
    from types_aiobotocore_cloudformation.type_defs import StackTypeDef

MAX_POLL_S = 5.0
MAX_POLLS = 10
"""Number of polls before a stack without a visible change counts as unchanged; DescribeStacks may lag behind."""
CAPABILITIES: Sequence[Any] = ("CAPABILITY_IAM",)
"""Allows roles and policies, but none with a custom name."""


CheckChanges = Callable[[Sequence[ResourceChange]], None]


class StackError(Exception):
    """A stack can't be created, updated or deleted; the message gives the reason and the next step."""


class CloudFormation:
    """The stacks of one account and region."""

    def __init__(self, client: "CloudFormationClient", *, role_arn: str | None = None) -> None:
        """CloudFormation changes the stacks with the role, if there is one, instead of the caller's permissions."""
        self._client = client
        self.role_arn = role_arn

    @property
    def _role(self) -> dict[str, Any]:
        return {"RoleARN": self.role_arn} if self.role_arn else {}

    async def find(self, name: str) -> Deployed | None:
        """Return the stack; None if it doesn't exist, or if only a failed creation is left of it."""
        stack = await self._describe(name)
        if stack is None or next_step(stack["StackStatus"]) in {Step.CREATE, Step.REMOVE}:
            return None
        return Deployed(
            status=stack["StackStatus"],
            parameters={each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])},
            outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])},
            tags={each["Key"]: each["Value"] for each in stack.get("Tags", [])},
            is_protected=stack.get("EnableTerminationProtection", False),
        )

    async def exists(self, name: str) -> bool:
        """Return whether the stack exists, even if only a failed creation is left of it."""
        return await self._describe(name) is not None

    async def status(self, name: str) -> str | None:
        """Return the stack's status; None if it doesn't exist."""
        stack = await self._describe(name)
        return stack["StackStatus"] if stack else None

    async def declared(self, template: str) -> list[Declared]:
        """Return the parameters that the template declares, as parsed by CloudFormation."""
        return (await self.summary(template)).parameters

    async def summary(self, template: str) -> TemplateSummary:
        """Return what the template declares, as parsed by CloudFormation."""
        summary = await self._client.get_template_summary(TemplateBody=template)
        return TemplateSummary(
            parameters=[
                Declared(name=each["ParameterKey"], default=each.get("DefaultValue"))
                for each in summary.get("Parameters", [])
            ],
            resource_types=summary.get("ResourceTypes", []),
        )

    async def deploy_stack(
        self,
        name: str,
        template: str,
        parameters: Mapping[str, str],
        *,
        tags: Mapping[str, str] | None = None,
        check: CheckChanges | None = None,
    ) -> str:
        """Create or update the stack, and return "created", "updated" or "unchanged".

        CloudFormation gives the stack's tags to all its resources that can have tags; without `tags`, they stay.

        `check` gets the changes of an existing stack before they are made, and raises ChangeRefusedError to refuse
        them.

        Raises:
            StackError: the change failed, and CloudFormation has rolled it back; or `check` refused it.
        """
        step = await self._wait_for_step(name)
        change_set = await self._create_change_set(name, template, parameters, step, tags)
        if not await self._has_changes(name, change_set):
            await self._client.delete_change_set(StackName=name, ChangeSetName=change_set)
            return "unchanged"
        if check and step is Step.UPDATE:
            await self._check_changes(name, change_set, check)
        token = f"deploy-{uuid.uuid4().hex}"
        before = await self._describe(name)
        await self._client.execute_change_set(StackName=name, ChangeSetName=change_set, ClientRequestToken=token)
        await self._wait_until_started(name, before)
        status = await self._wait_until_idle(name)
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise StackError(f"{name} ended as {status}: {await self._reasons(name, token)}")
        return "created" if step is Step.CREATE else "updated"

    async def plan_stack(
        self, name: str, template: str, parameters: Mapping[str, str], *, tags: Mapping[str, str] | None = None
    ) -> list[ResourceChange]:
        """Return the changes that `deploy_stack` would make, and change nothing: the change set is deleted again.

        Raises:
            StackError: CloudFormation refuses the change, or the stack is in a state without change sets.
        """
        status = await self.status(name)
        step = next_step(status)
        if step not in {Step.CREATE, Step.UPDATE}:
            raise StackError(f"{name} is {status}: CloudFormation has no change set for it in this state")
        try:
            change_set = await self._create_change_set(name, template, parameters, step, tags)
            if not await self._has_changes(name, change_set):
                changes = []
            else:
                changes = await read_changes(self._client, name, change_set)
            await self._client.delete_change_set(StackName=name, ChangeSetName=change_set)
        finally:
            # A change set that creates a stack leaves an empty stack, in the state REVIEW_IN_PROGRESS.
            if status is None and await self.status(name) == "REVIEW_IN_PROGRESS":
                await self.remove(name)
        return changes

    async def resources(self, name: str, resource_type: str) -> list[str]:
        """Return the physical ids of the stack's resources of this type; an empty list if the stack doesn't exist."""
        if await self._describe(name) is None:
            return []
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=name)
        return [
            each["PhysicalResourceId"]
            async for page in pages
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] == resource_type and each.get("PhysicalResourceId")
        ]

    async def remove(self, name: str) -> bool:
        """Delete the stack; return False if it didn't exist.

        Raises:
            StackError: a resource of it can't be deleted.
        """
        await self._wait_until_idle(name)
        if (before := await self._describe(name)) is None:
            return False
        token = f"destroy-{uuid.uuid4().hex}"
        await self._client.delete_stack(StackName=name, ClientRequestToken=token, **self._role)
        # DescribeStacks may return the earlier status for a moment.
        status = await self._wait_until_idle(name, stale_status=before["StackStatus"])
        if status is not None:
            raise StackError(f"{name} ended as {status}: {await self._reasons(name, token)}")
        return True

    async def protect(self, name: str, *, is_protected: bool) -> None:
        """Let CloudFormation refuse, or allow, the deletion of the stack."""
        await self._client.update_termination_protection(StackName=name, EnableTerminationProtection=is_protected)

    async def _create_change_set(
        self, name: str, template: str, parameters: Mapping[str, str], step: Step, tags: Mapping[str, str] | None
    ) -> str:
        """Create a change set, and return its name; CloudFormation computes the changes afterwards."""
        change_set = f"deploy-{uuid.uuid4().hex[:12]}"
        try:
            await self._client.create_change_set(
                StackName=name,
                ChangeSetName=change_set,
                ChangeSetType="CREATE" if step is Step.CREATE else "UPDATE",
                TemplateBody=template,
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Capabilities=CAPABILITIES,
                **self._role,
                **_tags(tags),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise StackError(f"{name}: {error.response['Error']['Message']}") from error
        return change_set

    async def _wait_for_step(self, name: str) -> Step:
        """Wait until the stack can be changed, and return whether to create or update it."""
        stack = await self._describe(name)
        step = next_step(stack["StackStatus"] if stack else None)
        if step is Step.WAIT:
            step = next_step(await self._wait_until_idle(name))
        if step is Step.REMOVE:
            await self.remove(name)
            return Step.CREATE
        if step is Step.GIVE_UP and stack:
            raise StackError(
                f"{name} is {stack['StackStatus']}: fix the cause that its events name, then "
                f"`aws cloudformation continue-update-rollback --stack-name {name}`, and deploy again"
            )
        return step

    async def _has_changes(self, name: str, change_set: str) -> bool:
        pause_s = 0.05
        while True:
            described = await self._client.describe_change_set(StackName=name, ChangeSetName=change_set)
            if described["Status"] == "CREATE_COMPLETE":
                return True
            if described["Status"] == "FAILED":
                reason = described.get("StatusReason", "CloudFormation gave no reason")
                if "didn't contain changes" in reason or "No updates are to be performed" in reason:
                    return False
                await self._client.delete_change_set(StackName=name, ChangeSetName=change_set)
                raise StackError(f"{name} can't be changed: {reason}")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MAX_POLL_S)

    async def _check_changes(self, name: str, change_set: str, check: CheckChanges) -> None:
        changes = await read_changes(self._client, name, change_set)
        try:
            check(changes)
        except ChangeRefusedError as error:
            await self._client.delete_change_set(StackName=name, ChangeSetName=change_set)
            raise StackError(f"{name}: {error}") from error

    async def _wait_until_started(self, name: str, before: "StackTypeDef | None") -> None:
        """Return when DescribeStacks shows a change since `before`, or after MAX_POLLS polls."""
        for _ in range(MAX_POLLS):
            if _version(await self._describe(name)) != _version(before):
                return
            await asyncio.sleep(0.5)

    async def _wait_until_idle(self, name: str, *, stale_status: str = "") -> str | None:
        """Wait until no operation is in progress, and return the stack's status; None if the stack doesn't exist.

        `stale_status` is the status before the operation: it is trusted only after MAX_POLLS polls.
        """
        pause_s, polls = 0.05, 0
        while stack := await self._describe(name):
            status = stack["StackStatus"]
            polls += 1
            if next_step(status) is not Step.WAIT and (status != stale_status or polls > MAX_POLLS):
                return status
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MAX_POLL_S)
        return None

    async def _describe(self, name: str) -> "StackTypeDef | None":
        try:
            stack = (await self._client.describe_stacks(StackName=name))["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack

    async def _reasons(self, name: str, token: str) -> str:
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=name)
        events = [event async for page in pages for event in page["StackEvents"]]
        ours = [event for event in events if event.get("ClientRequestToken") == token] or events
        return "; ".join(reasons(ours)) or "CloudFormation gave no reason"


def _tags(tags: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the parameter of a change set; an empty list would remove the tags of the stack."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags is not None else {}


def _version(stack: "StackTypeDef | None") -> tuple[object, object]:
    """Return the fields of a stack that change when an operation starts."""
    return (stack["StackStatus"], stack.get("LastUpdatedTime")) if stack else (None, None)
