"""The keeper saves what LocalStack would lose, and restores it into an empty pipeline."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from local.localstack_snapshot import Pipeline, open_pipeline, restore, save
from local.provision import Stack

pytestmark = pytest.mark.skipif(
    "TEST_AWS_ENDPOINT_URL" not in os.environ, reason="looks into queues as only LocalStack lets it"
)

KEY = "uploads/1/a b+c%20d.mp4"
ROW: Any = {
    "JobId": {"S": "1-a"},
    "JobStatus": {"S": "COMPLETE"},
    "EventTime": {"N": "7"},
    "Warnings": {"SS": ["230001 x"]},
}


@pytest.fixture
async def pipelines(deploy_stack: Callable[..., Stack]) -> AsyncIterator[tuple[Pipeline, Pipeline]]:
    """A pipeline that has something of each kind, and an empty one."""
    stacks = deploy_stack(), deploy_stack()
    names = [stack.status_table.removesuffix("-StatusTable") for stack in stacks]
    url = stacks[0].endpoint_url
    async with (
        open_pipeline(endpoint_url=url, stack_name=names[0]) as full,
        open_pipeline(endpoint_url=url, stack_name=names[1]) as empty,
    ):
        await full.s3.put_object(
            Bucket=full.buckets["OutputBucket"], Key="x/x.ts", Body=b"ts", ContentType="video/mp2t"
        )
        await full.dynamodb.put_item(TableName=full.tables["StatusTable"], Item=ROW)
        queue_url = full.queue_urls["JobEventsQueue"]
        await full.sqs.send_message(QueueUrl=queue_url, MessageBody="in hand")
        await full.sqs.receive_message(QueueUrl=queue_url, VisibilityTimeout=600)
        await full.sqs.send_message(
            QueueUrl=full.queue_urls["UploadsDeadLetterQueue"],
            MessageBody="dead",
            MessageAttributes={"Reason": {"DataType": "String", "StringValue": "is not JSON"}},
        )
        yield full, empty


async def test_saved_data_is_restored(pipelines: tuple[Pipeline, Pipeline], tmp_path: Path) -> None:
    """Objects with their types, rows, and messages with their attributes, including those in flight."""
    full, empty = pipelines
    await save(full, tmp_path)
    await restore(empty, tmp_path)
    shown = await empty.s3.get_object(Bucket=empty.buckets["OutputBucket"], Key="x/x.ts")
    assert (await shown["Body"].read(), shown["ContentType"]) == (b"ts", "video/mp2t")
    assert (await empty.dynamodb.scan(TableName=empty.tables["StatusTable"]))["Items"] == [ROW]
    [event] = (await empty.sqs.receive_message(QueueUrl=empty.queue_urls["JobEventsQueue"]))["Messages"]
    assert event["Body"] == "in hand"
    dead_letters = empty.queue_urls["UploadsDeadLetterQueue"]
    [dead] = (await empty.sqs.receive_message(QueueUrl=dead_letters, MessageAttributeNames=["All"]))["Messages"]
    assert (dead["Body"], dead["MessageAttributes"]["Reason"]["StringValue"]) == ("dead", "is not JSON")


async def test_a_restored_upload_is_not_a_new_upload(pipelines: tuple[Pipeline, Pipeline], tmp_path: Path) -> None:
    """Restored objects send no event; a later upload sends one."""
    full, empty = pipelines
    await full.s3.put_object(Bucket=full.buckets["InputBucket"], Key=KEY, Body=b"old")
    assert KEY.rpartition("/")[0] in await _next(full)
    await save(full, tmp_path)
    await restore(empty, tmp_path)
    await empty.s3.put_object(Bucket=empty.buckets["InputBucket"], Key="uploads/new.mp4", Body=b"new")
    assert "uploads/new.mp4" in await _next(empty)


async def test_existing_data_is_not_overwritten(pipelines: tuple[Pipeline, Pipeline], tmp_path: Path) -> None:
    """A pipeline that kept running while the keeper restarted is newer than what the keeper saved."""
    full, _ = pipelines
    await save(full, tmp_path)
    newer = {**ROW, "EventTime": {"N": "8"}}
    await full.dynamodb.put_item(TableName=full.tables["StatusTable"], Item=newer)
    await restore(full, tmp_path)
    assert (await full.dynamodb.scan(TableName=full.tables["StatusTable"]))["Items"] == [newer]


async def _next(pipeline: Pipeline) -> str:
    """Receive and delete the next message of the uploads queue; return its body."""
    queue_url = pipeline.queue_urls["UploadsQueue"]
    [message] = (await pipeline.sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=20))["Messages"]
    await pipeline.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return message["Body"]
