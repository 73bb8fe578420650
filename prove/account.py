"""The part of a proof that needs AWS credentials: dead-letter queues, alarms, the objects of deleted uploads."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.aws_account import Account
from deploy.cloudformation import CloudFormation, StackError
from deploy.stacks import addresses, every_stack, stack

DEAD_LETTER_QUEUES = {
    "uploads": "UploadsDeadLetterQueueUrl",
    "submission": "SubmissionDeadLetterQueueUrl",
    "job events": "JobEventsDeadLetterQueueUrl",
}
DELETED_WITHIN_S = 300
"""Seconds in which the worker removes the objects of deleted uploads: the jobs of all have ended by then."""
POLL_S = 1.0
Place = tuple[str, str]
"""A bucket and a key."""
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedSystem:
    """A deployment as seen with AWS credentials."""

    account: Account
    cloudformation: CloudFormation
    deployment: str
    outputs: dict[str, dict[str, str]]
    """The outputs of each existing stack, by role."""

    @property
    def public_url(self) -> str | None:
        """The address of the page and the API, or of the API only; None without either."""
        return addresses(self.outputs).get("API")

    async def dead_letters(self) -> dict[str, int]:
        """Return the number of messages in each dead-letter queue."""
        sqs = await self.account.client("sqs")
        counts: dict[str, int] = {}
        for name, output in DEAD_LETTER_QUEUES.items():
            url = self.outputs["pipeline"][output]
            attributes = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS)))["Attributes"]
            counts[name] = sum(int(attributes[each]) for each in COUNTS)
        return counts

    async def alarm_states(self) -> dict[str, str] | None:
        """Return the state of each alarm of the deployment, by name; None if it has no stack with alarms."""
        if "alarms" not in self.outputs:
            return None
        name = stack("alarms", self.deployment).name
        alarms = await self.cloudformation.resources(name, "AWS::CloudWatch::Alarm")
        cloudwatch = await self.account.client("cloudwatch")
        described = (await cloudwatch.describe_alarms(AlarmNames=alarms))["MetricAlarms"]
        return {each["AlarmName"]: each["StateValue"] for each in described}

    async def event_rules(self) -> list[str]:
        """Return the names of the EventBridge rules that feed the deployment's queues."""
        return await self.cloudformation.resources(self.deployment, "AWS::Events::Rule")

    async def objects_left(self, input_files: Sequence[str], *, within_s: float = DELETED_WITHIN_S) -> Sequence[Place]:
        """Wait until both buckets have no object of these uploads; return those that are left after the time."""
        end_s = time.monotonic() + within_s
        while True:
            found = await self._objects(input_files)
            if not found or time.monotonic() > end_s:
                return found
            await asyncio.sleep(POLL_S)

    async def remove(self, places: Sequence[Place]) -> None:
        """Delete the objects."""
        s3 = await self.account.s3()
        await asyncio.gather(*(s3.delete_object(Bucket=bucket, Key=key) for bucket, key in places))

    async def _objects(self, input_files: Sequence[str]) -> Sequence[Place]:
        s3, buckets, found = await self.account.s3(), self.outputs["pipeline"], list[Place]()
        prefixes = [(buckets["InputBucket"], each) for each in input_files]
        prefixes += [(buckets["OutputBucket"], f"{each}_") for each in input_files]
        for bucket, prefix in prefixes:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            found += [(bucket, each["Key"]) async for page in pages for each in page.get("Contents", [])]
        return found


async def find_system(account: Account, deployment: str) -> DeployedSystem:
    """Return the deployment.

    Raises:
        StackError: there is none with this name.
    """
    cloudformation = CloudFormation(await account.cloudformation())
    outputs: dict[str, dict[str, str]] = {}
    for each in every_stack(deployment):
        if found := await cloudformation.find(each.name):
            outputs[each.role] = dict(found.outputs)
    if "pipeline" not in outputs:
        raise StackError(f"there is no {deployment} in account {account.account_id}, {account.region}")
    return DeployedSystem(account=account, cloudformation=cloudformation, deployment=deployment, outputs=outputs)
