"""Stacks brought to where they should be and taken away again, whatever state they are found in."""

import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from deploy.aws_account import Account, open_account
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
async def account(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Account]:
    """The embedded AWS's account."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    async with open_account("us-east-1") as signed:
        yield signed


@pytest.fixture
async def cloudformation(account: Account) -> CloudFormation:
    """Its stacks."""
    return CloudFormation(await account.cloudformation())


@pytest.fixture
def name() -> str:
    """A deployment's name of the test's own."""
    return f"stack-{uuid.uuid4().hex[:8]}"


async def test_a_failure_names_its_cause_and_the_next_run_begins_anew(
    cloudformation: CloudFormation, name: str
) -> None:
    """A stack that failed while it was made holds nothing, and can't be updated: it makes room by itself."""
    with pytest.raises(StackError, match=rf"{name} ended as ROLLBACK_COMPLETE: T \(AWS::SQS::Queue\): .+43200"):
        await cloudformation.deploy_stack(name, BAD, {})
    assert await cloudformation.find(name) is None
    assert await cloudformation.deploy_stack(name, GOOD, {}) == "created"


async def test_an_update_that_fails_leaves_what_was(cloudformation: CloudFormation, name: str) -> None:
    """CloudFormation rolls back; the stack can be updated again."""
    await cloudformation.deploy_stack(name, GOOD, {})
    before = await cloudformation.find(name)
    with pytest.raises(StackError, match=r"T \(AWS::SQS::Queue\)"):
        await cloudformation.deploy_stack(name, BAD, {})
    after = await cloudformation.find(name)
    assert before
    assert after
    assert (after.status, after.outputs) == ("UPDATE_ROLLBACK_COMPLETE", before.outputs)
    assert await cloudformation.deploy_stack(name, GOOD, {}) == "unchanged"


async def test_a_template_that_is_none_is_refused_in_one_line(cloudformation: CloudFormation, name: str) -> None:
    """With CloudFormation's own words."""
    with pytest.raises(StackError, match=f"^{name}: .+") as refused:
        await cloudformation.deploy_stack(name, json.dumps({"Resources": {"Q": {"Type": "AWS::Nonsense::Thing"}}}), {})
    assert "\n" not in str(refused.value)


@pytest.fixture
async def pipeline(cloudformation: CloudFormation, name: str) -> str:
    """A deployment of which there is the pipeline only."""
    template = (ROOT / "infra" / "pipeline.yaml").read_text(encoding="utf-8")
    declared = await cloudformation.declared(template)
    known = Known(given={"RequireTls": "false"}, suggested=table_names(name, declared))
    await cloudformation.deploy_stack(stack("pipeline", name).name, template, fill(declared, known))
    return name


async def left(account: Account, client: Callable[[str], Any], name: str) -> list[str]:
    """Names of buckets and tables of a deployment."""
    buckets = [each["Name"] for each in client("s3").list_buckets()["Buckets"]]
    tables = (await (await account.dynamodb()).list_tables())["TableNames"]
    return [each for each in [*buckets, *tables] if each.startswith(name)]


async def test_a_destruction_leaves_nothing(
    account: Account, cloudformation: CloudFormation, client: Callable[[str], Any], pipeline: str
) -> None:
    """No bucket, whatever is in it, old versions and unfinished uploads too, and no table."""
    (doomed,) = await find_stacks(pipeline, cloudformation)
    s3 = client("s3")
    s3.put_bucket_versioning(Bucket=doomed.buckets[0], VersioningConfiguration={"Status": "Enabled"})
    for body in (b"old", b"new"):
        s3.put_object(Bucket=doomed.buckets[0], Key="uploads/a/clip.mp4", Body=body)
    s3.delete_object(Bucket=doomed.buckets[0], Key="uploads/a/clip.mp4")
    s3.create_multipart_upload(Bucket=doomed.buckets[0], Key="uploads/b/film.mp4")
    await delete_stacks([doomed], account, cloudformation, lambda _: None)
    assert await left(account, client, pipeline) == []
    assert await find_stacks(pipeline, cloudformation) == []


async def test_a_destruction_that_was_interrupted_is_done_again(
    account: Account, cloudformation: CloudFormation, client: Callable[[str], Any], pipeline: str
) -> None:
    """The stack is there to the end, and tells what there was; what is gone already is no error."""
    (doomed,) = await find_stacks(pipeline, cloudformation)
    client("s3").delete_bucket(Bucket=doomed.buckets[0])
    await (await account.dynamodb()).delete_table(TableName=doomed.tables[0])
    await delete_stacks(await find_stacks(pipeline, cloudformation), account, cloudformation, lambda _: None)
    assert await left(account, client, pipeline) == []
