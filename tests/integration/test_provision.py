"""Provisioning can be repeated and changed, and its errors have the reason."""

import uuid

import aioboto3
import pytest

from local.provision import LOCAL_PARAMETERS, ProvisionError, deploy, pipeline_template

_QUEUE = """
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: { QueueName: %s }
Outputs:
  QueueUrl: { Value: !Ref Queue }
"""


@pytest.fixture
def name() -> str:
    """A stack name of the test's own."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def parameters(name: str) -> dict[str, str]:
    """The parameters of a pipeline of the test's own."""
    tables = {f"{table}Name": f"{name}-{table}" for table in ("InputFileTable", "OutputTable", "StatusTable")}
    return {**LOCAL_PARAMETERS, **tables}


async def test_a_second_run_changes_nothing(aws_endpoint: str, name: str, parameters: dict[str, str]) -> None:
    """It returns the same settings, so a second start finds the data of the first one."""
    first, second = [
        await deploy(pipeline_template(), endpoint_url=aws_endpoint, stack_name=name, parameters=parameters)
        for _ in range(2)
    ]
    assert first == second
    assert first["INPUT_FILE_TABLE"] == f"{name}-InputFileTable"


async def test_a_changed_parameter_changes_the_stack_in_place(
    aws_endpoint: str, name: str, parameters: dict[str, str]
) -> None:
    """The queue keeps its URL and has the new value."""
    before = await deploy(pipeline_template(), endpoint_url=aws_endpoint, stack_name=name, parameters=parameters)
    after = await deploy(
        pipeline_template(),
        endpoint_url=aws_endpoint,
        stack_name=name,
        parameters={**parameters, "VisibilityTimeoutS": "7"},
    )
    async with aioboto3.Session().client("sqs", endpoint_url=aws_endpoint) as sqs:
        queue = await sqs.get_queue_attributes(QueueUrl=after["UPLOADS_QUEUE_URL"], AttributeNames=["All"])
    assert before == after
    assert queue["Attributes"]["VisibilityTimeout"] == "7"


async def test_a_failure_names_the_resource_and_the_reason(aws_endpoint: str, name: str) -> None:
    """The message has the first failure, not the cancellations that follow from it."""
    template = _QUEUE % f"{name}.fifo"
    ended = "(ROLLBACK_COMPLETE|CREATE_FAILED)"  # LocalStack doesn't roll back
    with pytest.raises(ProvisionError, match=rf"stack {name} ended as {ended}: Queue: .*alphanumeric"):
        await deploy(template, endpoint_url=aws_endpoint, stack_name=name, parameters={})


async def test_a_stack_that_failed_to_be_created_is_created_again(aws_endpoint: str, name: str) -> None:
    """CloudFormation can't update a stack that failed to be created, so it is deleted first."""
    with pytest.raises(ProvisionError):
        await deploy(_QUEUE % f"{name}.fifo", endpoint_url=aws_endpoint, stack_name=name, parameters={})
    settings = await deploy(_QUEUE % name, endpoint_url=aws_endpoint, stack_name=name, parameters={})
    assert settings["QUEUE_URL"].endswith(name)


@pytest.mark.localstack_cannot("its CloudFormation accepts what AllowedPattern excludes")
async def test_a_parameter_out_of_its_range_is_refused_by_name(
    aws_endpoint: str, name: str, parameters: dict[str, str]
) -> None:
    """A prefix without its slash would also match other keys."""
    with pytest.raises(ProvisionError, match="UploadPrefix"):
        await deploy(
            pipeline_template(),
            endpoint_url=aws_endpoint,
            stack_name=name,
            parameters={**parameters, "UploadPrefix": "uploads"},
        )
