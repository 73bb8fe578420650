"""Deletes a deployment: `make destroy`. After an interruption, run it again."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from deploy import buckets
from deploy.aws_account import Account
from deploy.cloudformation import CloudFormation
from deploy.firewall import FIREWALL_REGION, firewall_stack, is_firewall_possible
from deploy.stacks import PROTECTED, Stack, every_stack
from deploy.stored_data import StoredData, measure_bucket, measure_table

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackToDelete:
    """An existing stack, with its buckets, which must be empty before its deletion, and the tables that outlive it."""

    stack: Stack
    cloudformation: CloudFormation
    """The stacks of its Region."""
    buckets: Sequence[str] = field(default_factory=list)
    tables: Sequence[str] = field(default_factory=list)

    @property
    def has_data(self) -> bool:
        """True if its deletion destroys data that no deployment can create again."""
        return self.stack.role in PROTECTED


async def find_stacks(deployment: str, account: Account, cloudformation: CloudFormation) -> list[StackToDelete]:
    """Return the deployment's existing stacks, in the order of their deletion."""
    regional = [(stack, cloudformation) for stack in every_stack(deployment)]
    if is_firewall_possible(account.region):
        firewalls = CloudFormation(await account.cloudformation(FIREWALL_REGION), role_arn=cloudformation.role_arn)
        edge = [stack.role for stack, _ in regional].index("edge")
        regional.insert(edge, (firewall_stack(deployment, account.region), firewalls))
    return [
        StackToDelete(
            stack=stack,
            cloudformation=stacks,
            buckets=await stacks.resources(stack.name, "AWS::S3::Bucket"),
            tables=await stacks.resources(stack.name, "AWS::DynamoDB::Table"),
        )
        for stack, stacks in reversed(regional)
        if await stacks.exists(stack.name)
    ]


async def measure_data(found: Sequence[StackToDelete], account: Account) -> AsyncIterator[StoredData]:
    """Yield the content of each bucket and table of the stacks with data."""
    s3, dynamodb = await account.s3(), await account.dynamodb()
    for each in found:
        if each.has_data:
            for bucket in each.buckets:
                yield await measure_bucket(s3, bucket)
            for table in each.tables:
                yield await measure_table(dynamodb, table)


async def delete_stacks(to_delete: Sequence[StackToDelete], account: Account, report: Report) -> None:
    """Delete the stacks, and everything in them.

    The pipeline's buckets and tables outlive its stack, so they are deleted before it: while the stack exists, another
    run after an interruption can read their names from it.
    """
    s3 = await account.s3()
    for each in to_delete:
        for bucket in each.buckets:
            count = await buckets.empty(s3, bucket)
            report(f"{bucket:<40} emptied of {count} objects")
        if each.has_data:
            for bucket in each.buckets:
                await buckets.remove(s3, bucket)
            await _delete_tables(account, each.tables)
            await each.cloudformation.protect(each.stack.name, is_protected=False)
        await each.cloudformation.remove(each.stack.name)
        report(f"{each.stack.name:<40} deleted")


async def _delete_tables(account: Account, tables: Sequence[str]) -> None:
    dynamodb = await account.dynamodb()
    for table in tables:
        try:
            await dynamodb.delete_table(TableName=table)
        except dynamodb.exceptions.ResourceNotFoundException:
            continue
        await dynamodb.get_waiter("table_not_exists").wait(TableName=table)
