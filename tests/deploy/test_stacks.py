"""Stacks are created, updated and deleted from any status."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from deploy.aws_account import Account
from deploy.cloudformation import CloudFormation, StackError
from deploy.deletion import delete_stacks, find_stacks
from deploy.lambda_package import ROOT
from deploy.parameters import Known, fill, table_names
from deploy.stacks import stack

QUEUE = {"Q": {"Type": "AWS::SQS::Queue"}}
GOOD = json.dumps({"Resources": QUEUE, "Outputs": {"Url": {"Value": {"Ref": "Q"}}}})
REFUSED = {"T": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 43_201}}}
BAD = json.dumps({"Resources": {**QUEUE, **REFUSED}})


@pytest.fixture
async def cloudformation(account: Account) -> CloudFormation:
    """Return the account's stacks."""
    return CloudFormation(await account.cloudformation())


@pytest.fixture
def name() -> str:
    """Return a unique deployment name."""
    return f"stack-{uuid.uuid4().hex[:8]}"


async def test_a_failed_creation_names_its_cause_and_can_be_repeated(cloudformation: CloudFormation, name: str) -> None:
    """A stack that failed during creation can't be updated, so the command deletes it."""
    with pytest.raises(StackError, match=rf"{name} ended as ROLLBACK_COMPLETE: T \(AWS::SQS::Queue\): .+43200"):
        await cloudformation.deploy_stack(name, BAD, {})
    assert await cloudformation.find(name) is None
    assert await cloudformation.deploy_stack(name, GOOD, {}) == "created"


async def test_a_failed_update_keeps_the_previous_stack(cloudformation: CloudFormation, name: str) -> None:
    """CloudFormation rolls back, and the stack can be updated again."""
    await cloudformation.deploy_stack(name, GOOD, {})
    before = await cloudformation.find(name)
    with pytest.raises(StackError, match=r"T \(AWS::SQS::Queue\)"):
        await cloudformation.deploy_stack(name, BAD, {})
    after = await cloudformation.find(name)
    assert before
    assert after
    assert (after.status, after.outputs) == ("UPDATE_ROLLBACK_COMPLETE", before.outputs)
    assert await cloudformation.deploy_stack(name, GOOD, {}) == "unchanged"


async def test_an_invalid_template_is_refused_in_one_line(cloudformation: CloudFormation, name: str) -> None:
    """The line has CloudFormation's own message."""
    with pytest.raises(StackError, match=f"^{name}: .+") as refused:
        await cloudformation.deploy_stack(name, json.dumps({"Resources": {"Q": {"Type": "AWS::Nonsense::Thing"}}}), {})
    assert "\n" not in str(refused.value)


@pytest.fixture
async def pipeline(cloudformation: CloudFormation, name: str) -> str:
    """Create a deployment with only the pipeline stack, and return its name."""
    template = (ROOT / "infra" / "pipeline.yaml").read_text(encoding="utf-8")
    declared = await cloudformation.declared(template)
    known = Known(given={"RequireTls": "false"}, suggested=table_names(name, declared))
    await cloudformation.deploy_stack(stack("pipeline", name).name, template, fill(declared, known))
    return name


async def remaining_resources(account: Account, client: Callable[[str], Any], name: str) -> list[str]:
    """Return the names of the deployment's buckets and tables."""
    buckets = [each["Name"] for each in client("s3").list_buckets()["Buckets"]]
    tables = (await (await account.dynamodb()).list_tables())["TableNames"]
    return [each for each in [*buckets, *tables] if each.startswith(name)]


async def test_a_destruction_deletes_every_bucket_and_table(
    account: Account, cloudformation: CloudFormation, client: Callable[[str], Any], pipeline: str
) -> None:
    """It also deletes old object versions and unfinished uploads."""
    (resources,) = await find_stacks(pipeline, cloudformation)
    s3 = client("s3")
    s3.put_bucket_versioning(Bucket=resources.buckets[0], VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        s3.put_object(Bucket=resources.buckets[0], Key="uploads/a/clip.mp4", Body=body)
    s3.delete_object(Bucket=resources.buckets[0], Key="uploads/a/clip.mp4")
    s3.create_multipart_upload(Bucket=resources.buckets[0], Key="uploads/b/film.mp4")
    await delete_stacks([resources], account, cloudformation, lambda _: None)
    assert await remaining_resources(account, client, pipeline) == []
    assert await find_stacks(pipeline, cloudformation) == []


async def test_an_interrupted_destruction_can_be_repeated(
    account: Account, cloudformation: CloudFormation, client: Callable[[str], Any], pipeline: str
) -> None:
    """The stack is deleted last and lists the resources; a missing resource is not an error."""
    (resources,) = await find_stacks(pipeline, cloudformation)
    client("s3").delete_bucket(Bucket=resources.buckets[0])
    await (await account.dynamodb()).delete_table(TableName=resources.tables[0])
    await delete_stacks(await find_stacks(pipeline, cloudformation), account, cloudformation, lambda _: None)
    assert await remaining_resources(account, client, pipeline) == []
