"""A restore of LocalStack's snapshot that fails leaves a pipeline that still gets the events of new uploads."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from local.localstack_snapshot import open_pipeline, restore
from local.provision import Stack

NEW = "uploads/new.mp4"


async def test_a_failed_restore_leaves_the_notifications_on(deploy_stack: Callable[..., Stack], tmp_path: Path) -> None:
    """The snapshot lacks the file of one object. A later upload sends its event all the same."""
    stack = deploy_stack({})
    name = stack.status_table.removesuffix("-StatusTable")
    async with open_pipeline(endpoint_url=stack.endpoint_url, stack_name=name) as pipeline:
        objects = {each: [{"Key": "uploads/old.mp4"}] for each in pipeline.buckets}
        (tmp_path / "kept").mkdir()
        index = tmp_path / "kept" / "state.json"
        index.write_text(json.dumps({"objects": objects, "rows": {}, "messages": {}}), encoding="utf-8")
        with pytest.raises(FileNotFoundError):
            await restore(pipeline, tmp_path)
        await pipeline.s3.put_object(Bucket=pipeline.buckets["InputBucket"], Key=NEW, Body=b"new")
        url = pipeline.queue_urls["UploadsQueue"]
        (event,) = (await pipeline.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20))["Messages"]
        assert NEW in event["Body"]
