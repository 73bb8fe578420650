"""CloudFormation, as deploying uses it: change sets made, looked at and executed; stacks read and deleted.

A change goes through a change set, because only that tells beforehand that there is nothing to change, and takes names
of parameters that have not changed for granted.
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deploy.parameters import Declared
from deploy.stacks import Deployed, Step, next_step, reasons

if TYPE_CHECKING:
    from types_aiobotocore_cloudformation import CloudFormationClient
    from types_aiobotocore_cloudformation.type_defs import StackTypeDef

LONGEST_POLL_S = 5.0
MOST_LOOKS = 10
"""Looks at a stack before it is believed not to have begun; what CloudFormation tells of one may lag behind."""
CAPABILITIES: Sequence[Any] = ("CAPABILITY_IAM",)
"""Roles and policies may be made, and none with a name of its own."""


class StackError(Exception):
    """A stack can't be brought to where it should be; the message says why, and what to do."""


class CloudFormation:
    """The stacks of one account and region."""

    def __init__(self, client: "CloudFormationClient") -> None:
        self._client = client

    async def find(self, name: str) -> Deployed | None:
        """Return the stack, or None where there is none of this name, or only what is left of a failed creation."""
        stack = await self._describe(name)
        if stack is None or next_step(stack["StackStatus"]) in {Step.CREATE, Step.REMOVE}:
            return None
        return Deployed(
            status=stack["StackStatus"],
            parameters={each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])},
            outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])},
        )

    async def exists(self, name: str) -> bool:
        """Tell whether there is anything of the stack, were it only what a failed creation left."""
        return await self._describe(name) is not None

    async def declared(self, template: str) -> list[Declared]:
        """Return the parameters that the template declares, as CloudFormation reads it."""
        summary = await self._client.get_template_summary(TemplateBody=template)
        return [
            Declared(name=each["ParameterKey"], default=each.get("DefaultValue"))
            for each in summary.get("Parameters", [])
        ]

    async def bring(self, name: str, template: str, parameters: Mapping[str, str]) -> str:
        """Make the stack what the template says: return "created", "updated" or "unchanged".

        Raises:
            StackError: It can't be; what was changed has been rolled back.
        """
        step = await self._ready(name)
        change_set = f"deploy-{uuid.uuid4().hex[:12]}"
        try:
            await self._client.create_change_set(
                StackName=name,
                ChangeSetName=change_set,
                ChangeSetType="CREATE" if step is Step.CREATE else "UPDATE",
                TemplateBody=template,
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Capabilities=CAPABILITIES,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise StackError(f"{name}: {error.response['Error']['Message']}") from error
        if not await self._has_changes(name, change_set):
            await self._client.delete_change_set(StackName=name, ChangeSetName=change_set)
            return "unchanged"
        token = f"deploy-{uuid.uuid4().hex}"
        before = await self._describe(name)
        await self._client.execute_change_set(StackName=name, ChangeSetName=change_set, ClientRequestToken=token)
        await self._begun(name, before)
        status = await self._settled(name)
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise StackError(f"{name} ended as {status}: {await self._reasons(name, token)}")
        return "created" if step is Step.CREATE else "updated"

    async def resources(self, name: str, resource_type: str) -> list[str]:
        """Return the physical ids of the stack's resources of this type; none where there is no such stack."""
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
        """Delete the stack, and tell whether there was one.

        Raises:
            StackError: Something of it can't be deleted.
        """
        await self._settled(name)
        if (before := await self._describe(name)) is None:
            return False
        token = f"destroy-{uuid.uuid4().hex}"
        await self._client.delete_stack(StackName=name, ClientRequestToken=token)
        # For a moment the stack may still be told as it was.
        status = await self._settled(name, also_while=before["StackStatus"])
        if status is not None:
            raise StackError(f"{name} ended as {status}: {await self._reasons(name, token)}")
        return True

    async def _ready(self, name: str) -> Step:
        """Return whether the stack is to be made or updated, once it can be."""
        stack = await self._describe(name)
        step = next_step(stack["StackStatus"] if stack else None)
        if step is Step.WAIT:
            step = next_step(await self._settled(name))
        if step is Step.REMOVE:
            await self.remove(name)
            return Step.CREATE
        if step is Step.GIVE_UP and stack:
            raise StackError(
                f"{name} is {stack['StackStatus']}: mend what its events name, then "
                f"`aws cloudformation continue-update-rollback --stack-name {name}`, and deploy again"
            )
        return step

    async def _has_changes(self, name: str, change_set: str) -> bool:
        pause_s = 0.05
        while True:
            made = await self._client.describe_change_set(StackName=name, ChangeSetName=change_set)
            if made["Status"] == "CREATE_COMPLETE":
                return True
            if made["Status"] == "FAILED":
                reason = made.get("StatusReason", "it gave no reason")
                if "didn't contain changes" in reason or "No updates are to be performed" in reason:
                    return False
                await self._client.delete_change_set(StackName=name, ChangeSetName=change_set)
                raise StackError(f"{name} can't be changed: {reason}")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_POLL_S)

    async def _begun(self, name: str, before: "StackTypeDef | None") -> None:
        """Return once the stack is told otherwise than before, or has had time enough to be."""
        for _ in range(MOST_LOOKS):
            if _told(await self._describe(name)) != _told(before):
                return
            await asyncio.sleep(0.5)

    async def _settled(self, name: str, *, also_while: str = "") -> str | None:
        """Return the stack's status once nothing is in progress, or None once it is gone."""
        pause_s, looks = 0.05, 0
        while stack := await self._describe(name):
            status = stack["StackStatus"]
            looks += 1
            if next_step(status) is not Step.WAIT and (status != also_while or looks > MOST_LOOKS):
                return status
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_POLL_S)
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


def _told(stack: "StackTypeDef | None") -> tuple[object, object]:
    """What of a stack changes when a change begins."""
    return (stack["StackStatus"], stack.get("LastUpdatedTime")) if stack else (None, None)
