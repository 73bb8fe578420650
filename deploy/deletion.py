"""Deletes a deployment: `make destroy`. After an interruption, run it again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from deploy import buckets
from deploy.aws_account import Account
from deploy.cloudformation import CloudFormation
from deploy.stacks import Stack, every_stack

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackToDelete:
    """An existing stack, with its buckets, which must be empty before its deletion, and the tables that outlive it."""

    stack: Stack
    buckets: Sequence[str] = field(default_factory=list)
    tables: Sequence[str] = field(default_factory=list)


async def find_stacks(deployment: str, cloudformation: CloudFormation) -> list[StackToDelete]:
    """Return the deployment's existing stacks, in the order of their deletion."""
    return [
        StackToDelete(
            stack=stack,
            buckets=await cloudformation.resources(stack.name, "AWS::S3::Bucket"),
            tables=await cloudformation.resources(stack.name, "AWS::DynamoDB::Table"),
        )
        for stack in reversed(every_stack(deployment))
        if await cloudformation.exists(stack.name)
    ]


async def delete_stacks(
    to_delete: Sequence[StackToDelete], account: Account, cloudformation: CloudFormation, report: Report
) -> None:
    """Delete the stacks, and everything in them.

    The pipeline's buckets and tables outlive its stack, so they are deleted before it: while the stack exists, another
    run after an interruption can read their names from it.
    """
    s3 = await account.s3()
    for each in to_delete:
        for bucket in each.buckets:
            count = await buckets.empty(s3, bucket)
            report(f"{bucket:<40} emptied of {count} objects")
        if each.stack.role == "pipeline":
            for bucket in each.buckets:
                await buckets.remove(s3, bucket)
            await _delete_tables(account, each.tables)
        await cloudformation.remove(each.stack.name)
        report(f"{each.stack.name:<40} deleted")


async def _delete_tables(account: Account, tables: Sequence[str]) -> None:
    dynamodb = await account.dynamodb()
    for table in tables:
        try:
            await dynamodb.delete_table(TableName=table)
        except dynamodb.exceptions.ResourceNotFoundException:
            continue
        await dynamodb.get_waiter("table_not_exists").wait(TableName=table)
