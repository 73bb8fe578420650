"""Saves LocalStack's state when it stops and restores it at the next start: the free edition holds it in memory only.

`python -m local keep` runs beside LocalStack. At its start it restores the last snapshot into the pipeline, if the
pipeline is empty. When Compose stops it, which is before Compose stops LocalStack, it saves the pipeline's objects,
rows and messages. Incomplete multipart uploads are not saved.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aioboto3
import httpx
import structlog

if TYPE_CHECKING:  # stubs, which only development installs
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_sqs import SQSClient

CHUNK_BYTES = 1024 * 1024
LIST_MESSAGES_PATH = "/_aws/sqs/messages"
"""LocalStack's own route: lists a queue's messages, including invisible and delayed ones, without receiving them."""

log = structlog.get_logger(__name__)


async def run(*, endpoint_url: str, stack_name: str, folder: Path, ready_file: Path) -> None:
    """Restore the last snapshot, wait for SIGTERM or SIGINT, and save a new snapshot.

    Args:
        endpoint_url: LocalStack's URL.
        stack_name: the stack of the deployed pipeline.
        folder: the snapshot's folder.
        ready_file: created once the pipeline may be used.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_pipeline(endpoint_url=endpoint_url, stack_name=stack_name) as pipeline:
        await restore(pipeline, folder)
        ready_file.touch()  # noqa: ASYNC240  fast, and no other task waits
        await stop.wait()
        await save(pipeline, folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A deployed pipeline; its resources are listed by their logical ids in the template."""

    s3: S3Client
    dynamodb: DynamoDBClient
    sqs: SQSClient
    endpoint_url: str
    buckets: Mapping[str, str]
    tables: Mapping[str, str]
    queue_urls: Mapping[str, str]


@asynccontextmanager
async def open_pipeline(*, endpoint_url: str, stack_name: str) -> AsyncIterator[Pipeline]:
    """Yield the pipeline of a stack, with open clients."""
    session = aioboto3.Session()
    async with AsyncExitStack() as stack:
        cloudformation = await stack.enter_async_context(session.client("cloudformation", endpoint_url=endpoint_url))
        resources = (await cloudformation.describe_stack_resources(StackName=stack_name))["StackResources"]

        def physical_ids(resource_type: str) -> dict[str, str]:
            return {
                each["LogicalResourceId"]: each["PhysicalResourceId"]
                for each in resources
                if each["ResourceType"] == resource_type
            }

        yield Pipeline(
            s3=await stack.enter_async_context(session.client("s3", endpoint_url=endpoint_url)),
            dynamodb=await stack.enter_async_context(session.client("dynamodb", endpoint_url=endpoint_url)),
            sqs=await stack.enter_async_context(session.client("sqs", endpoint_url=endpoint_url)),
            endpoint_url=endpoint_url,
            buckets=physical_ids("AWS::S3::Bucket"),
            tables=physical_ids("AWS::DynamoDB::Table"),
            queue_urls=physical_ids("AWS::SQS::Queue"),
        )


async def save(pipeline: Pipeline, folder: Path) -> None:
    """Save the pipeline's state; the last snapshot stays until the new one is complete."""
    snapshot, part = folder / "kept", folder / "part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    rows = {name: await _rows(pipeline, table) for name, table in pipeline.tables.items()}
    messages = {name: await _messages(pipeline, url) for name, url in pipeline.queue_urls.items()}
    objects = {name: await _copy_objects(pipeline, bucket, part / name) for name, bucket in pipeline.buckets.items()}
    state = {"rows": rows, "messages": messages, "objects": objects}
    (part / "state.json").write_text(json.dumps(state), encoding="utf-8")
    shutil.rmtree(snapshot, ignore_errors=True)
    part.rename(snapshot)
    log.info("state.kept", **_counts(state))


async def restore(pipeline: Pipeline, folder: Path) -> None:
    """Restore the snapshot into an empty pipeline; leave a pipeline with rows as it is, because it is newer."""
    index = folder / "kept" / "state.json"
    if not index.exists():
        log.info("state.new")
        return
    if any([await _rows(pipeline, table) for table in pipeline.tables.values()]):
        log.info("state.already_there")
        return
    state = json.loads(index.read_text(encoding="utf-8"))
    for name, bucket in pipeline.buckets.items():
        async with _notifications_disabled(pipeline.s3, bucket):
            for number, arguments in enumerate(state["objects"][name]):
                with (folder / "kept" / name / str(number)).open("rb") as body:
                    await pipeline.s3.put_object(Bucket=bucket, Body=body, **arguments)
    for name, table in pipeline.tables.items():
        for row in state["rows"][name]:
            await pipeline.dynamodb.put_item(TableName=table, Item=row)
    for name, url in pipeline.queue_urls.items():
        for message in state["messages"][name]:
            await pipeline.sqs.send_message(QueueUrl=url, **message)
    log.info("state.back", **_counts(state))


@asynccontextmanager
async def _notifications_disabled(s3: S3Client, bucket: str) -> AsyncIterator[None]:
    """Disable the bucket's notifications inside the block, also if it fails: restored objects are not new uploads."""
    response = await s3.get_bucket_notification_configuration(Bucket=bucket)
    configuration: Any = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    await s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        await s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


async def _rows(pipeline: Pipeline, table: str) -> list[dict[str, Any]]:
    pages = pipeline.dynamodb.get_paginator("scan").paginate(TableName=table)
    return [row async for page in pages for row in page["Items"]]


async def _copy_objects(pipeline: Pipeline, bucket: str, folder: Path) -> list[dict[str, Any]]:
    """Copy the bucket's objects to files, and return PutObject's arguments for each; file names are list indexes."""
    folder.mkdir()  # noqa: ASYNC240  fast on a local disk, and no other task waits
    objects: list[dict[str, Any]] = []
    async for page in pipeline.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for listed in page.get("Contents", []):
            response = await pipeline.s3.get_object(Bucket=bucket, Key=listed["Key"])
            with (folder / str(len(objects))).open("wb") as file:
                async for chunk in response["Body"].iter_chunks(CHUNK_BYTES):
                    file.write(chunk)
            headers = {name: response.get(name) for name in ("ContentType", "CacheControl", "Metadata")}
            objects.append({"Key": listed["Key"], **{name: value for name, value in headers.items() if value}})
    return objects


async def _messages(pipeline: Pipeline, queue_url: str) -> list[dict[str, Any]]:
    """Return SendMessage's arguments for each message in the queue, including those that a worker has received."""
    parameters = {"QueueUrl": queue_url, "ShowInvisible": "true", "ShowDelayed": "true"}
    async with httpx.AsyncClient(base_url=pipeline.endpoint_url, trust_env=False, timeout=30) as client:
        response = await client.get(LIST_MESSAGES_PATH, params=parameters, headers={"Accept": "application/json"})
    response.raise_for_status()
    listed = (response.json()["ReceiveMessageResponse"]["ReceiveMessageResult"] or {}).get("Message") or []
    return [_send_arguments(message) for message in (listed if isinstance(listed, list) else [listed])]


def _send_arguments(message: Mapping[str, Any]) -> dict[str, Any]:
    listed = message.get("MessageAttribute") or []
    attributes = {each["Name"]: each["Value"] for each in (listed if isinstance(listed, list) else [listed])}
    return {"MessageBody": message["Body"], **({"MessageAttributes": attributes} if attributes else {})}


def _counts(state: Mapping[str, Mapping[str, list[Any]]]) -> dict[str, int]:
    return {kind: sum(map(len, lists.values())) for kind, lists in state.items()}
