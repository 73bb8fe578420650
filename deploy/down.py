"""Takes a deployment away: `make destroy`. Whatever was interrupted can be done again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from deploy import buckets
from deploy.cloudformation import CloudFormation
from deploy.session import Account
from deploy.stacks import Stack, every_stack

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """A stack that is there, with what outlives its deletion or must be emptied before it."""

    stack: Stack
    buckets: Sequence[str] = field(default_factory=list)
    tables: Sequence[str] = field(default_factory=list)


async def find(deployment: str, cloudformation: CloudFormation) -> list[Doomed]:
    """Return what there is of the deployment, in the order in which it can be deleted."""
    return [
        Doomed(
            stack=stack,
            buckets=await cloudformation.resources(stack.name, "AWS::S3::Bucket"),
            tables=await cloudformation.resources(stack.name, "AWS::DynamoDB::Table"),
        )
        for stack in reversed(every_stack(deployment))
        if await cloudformation.exists(stack.name)
    ]


async def destroy(doomed: Sequence[Doomed], account: Account, cloudformation: CloudFormation, tell: Tell) -> None:
    """Delete the stacks, and everything in them.

    The pipeline's buckets and tables outlive its stack, so they go first: as long as the stack is there, it tells their
    names to whoever has to begin again.
    """
    s3 = await account.s3()
    for each in doomed:
        for bucket in each.buckets:
            count = await buckets.empty(s3, bucket)
            tell(f"{bucket:<40} emptied of {count} objects")
        if each.stack.role == "pipeline":
            for bucket in each.buckets:
                await buckets.remove(s3, bucket)
            await _delete_tables(account, each.tables)
        await cloudformation.remove(each.stack.name)
        tell(f"{each.stack.name:<40} deleted")


async def _delete_tables(account: Account, tables: Sequence[str]) -> None:
    dynamodb = await account.dynamodb()
    for table in tables:
        try:
            await dynamodb.delete_table(TableName=table)
        except dynamodb.exceptions.ResourceNotFoundException:
            continue
        await dynamodb.get_waiter("table_not_exists").wait(TableName=table)
