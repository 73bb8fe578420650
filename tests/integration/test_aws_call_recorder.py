"""The recorder reports undeclared calls, and misses no process that opens AWS clients."""

import ast
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local.embedded_aws import ROOT
from local.provision import Stack
from tests.declared_permissions import DECLARED, OPERATOR, SERVICE, WORKER, Call, unused
from tests.integration.aws_call_recorder import PROCESS_OF_MODULE, AwsCallRecorder
from transcode.permissions import Permission, Resource

OPENERS = {("transcode.startup", "aws_of"), ("transcode.aws", "open_aws")}


def _opens_clients(path: Path) -> bool:
    imports = [each for each in ast.walk(ast.parse(path.read_bytes())) if isinstance(each, ast.ImportFrom)]
    return any((each.module, alias.name) in OPENERS for each in imports for alias in each.names)


def test_every_module_that_opens_clients_is_recorded() -> None:
    """A new command of the service or the worker has to be added to the recorder's table."""
    paths = [path for folder in ("service", "worker") for path in (ROOT / folder).rglob("*.py")]
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths if _opens_clients(path)}
    assert modules == set(PROCESS_OF_MODULE)


async def test_an_undeclared_call_is_reported(stack: Stack) -> None:
    """The service must not read the table with the keys; the worker may."""
    saved: list[Call] = []
    recorder = AwsCallRecorder(save=saved.append)
    for process in (SERVICE, WORKER):
        async with recorder.open_aws(process, region="us-east-1", endpoint_url=stack.endpoint_url) as aws:
            await (await aws.dynamodb()).get_item(TableName=stack.output_table, Key={"JobId": {"S": "1-a"}})
    assert recorder.take_undeclared() == ["service called dynamodb:GetItem on table/${OutputTable}"]
    action, resource = "dynamodb:GetItem", Resource.OUTPUT_TABLE
    assert saved == [Call(process=each, action=action, resource=resource) for each in (SERVICE, WORKER)]


async def test_a_presigned_url_counts_as_a_call(stack: Stack) -> None:
    """S3 checks the permissions of the signer when a browser uploads."""
    recorder = AwsCallRecorder(save=lambda _: None)
    async with recorder.open_aws(WORKER, region="us-east-1", endpoint_url=stack.endpoint_url) as aws:
        s3 = await aws.s3()
        await s3.generate_presigned_url("put_object", Params={"Bucket": stack.input_bucket, "Key": "uploads/a"})
    assert recorder.take_undeclared() == ["worker called s3:PutObject on ${InputBucket}/${UploadPrefix}*"]


async def test_a_parameter_that_awss_model_refuses_is_reported(stack: Stack) -> None:
    """An SDK checks no enums, and S3 would refuse this one only when a browser uploads."""
    recorder = AwsCallRecorder(save=lambda _: None)
    async with recorder.open_aws(SERVICE, region="us-east-1", endpoint_url=stack.endpoint_url) as aws:
        params = {"Bucket": stack.input_bucket, "Key": "uploads/a", "StorageClass": "FAST"}
        await (await aws.s3()).generate_presigned_url("put_object", Params=params)
    (reported,) = recorder.take_undeclared()
    assert reported.startswith("service called s3:PutObject: .StorageClass: 'FAST' is none of STANDARD, ")


async def test_a_call_that_fails_is_reported_too(stack: Stack) -> None:
    """AWS checks the permissions before it looks for the object."""
    recorder = AwsCallRecorder(save=lambda _: None)
    async with recorder.open_aws(SERVICE, region="us-east-1", endpoint_url=stack.endpoint_url) as aws:
        s3 = await aws.s3()
        with pytest.raises(ClientError):
            await s3.get_object(Bucket=stack.output_bucket, Key="missing")
    assert recorder.take_undeclared() == ["service called s3:GetObject on ${OutputBucket}/${UploadPrefix}*"]


@pytest.mark.parametrize("process", DECLARED)
def test_a_permission_is_unused_until_its_process_calls_it(process: str) -> None:
    """A call of another process uses none."""
    calls = [Call(process=process, action=each.action, resource=each.resource) for each in DECLARED[process]]
    assert unused(process, []) == set(DECLARED[process])
    assert unused(process, calls) == set()
    other = OPERATOR if process == SERVICE else SERVICE
    assert unused(other, calls) == set(DECLARED[other])


def test_creating_a_job_uses_the_permission_to_pass_its_role() -> None:
    """CreateJob names the role and the template, so no other call needs these permissions."""
    create = Call(process=WORKER, action="mediaconvert:CreateJob", resource=Resource.MEDIACONVERT_QUEUE)
    needed = {
        Permission(action="iam:PassRole", resource=Resource.MEDIACONVERT_ROLE),
        Permission(action="mediaconvert:CreateJob", resource=Resource.MEDIACONVERT_JOB_TEMPLATES),
        Permission(action="mediaconvert:CreateJob", resource=Resource.MEDIACONVERT_QUEUE),
    }
    assert set(DECLARED[WORKER]) - unused(WORKER, [create]) == needed
