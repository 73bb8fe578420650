"""Keeps what LocalStack would forget: its free edition holds all of AWS in memory, and an end of it is an end of that.

`python -m local keep` runs beside it. At its start it fills a pipeline that is empty with what was kept; told to stop,
which Compose does before it stops LocalStack, it writes down the pipeline's objects, rows and messages. Uploads in
parts that were not completed are not kept.
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
PEEK_PATH = "/_aws/sqs/messages"
"""LocalStack's own: shows messages, those in hand and delayed ones too, and leaves them as they are."""

log = structlog.get_logger(__name__)


async def keep(*, endpoint_url: str, stack_name: str, folder: Path, ready_file: Path) -> None:
    """Bring back what was kept, then wait for SIGTERM or SIGINT and keep what there is.

    Args:
        endpoint_url: LocalStack's.
        stack_name: of the deployed pipeline.
        folder: where it is kept.
        ready_file: made once the pipeline may be used.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_pipeline(endpoint_url=endpoint_url, stack_name=stack_name) as pipeline:
        await bring_back(pipeline, folder)
        ready_file.touch()  # noqa: ASYNC240  a moment, and nobody waits
        await stop.wait()
        await write_down(pipeline, folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A deployed pipeline; what it holds is known by the template's own names."""

    s3: S3Client
    dynamodb: DynamoDBClient
    sqs: SQSClient
    endpoint_url: str
    buckets: Mapping[str, str]
    tables: Mapping[str, str]
    queue_urls: Mapping[str, str]


@asynccontextmanager
async def open_pipeline(*, endpoint_url: str, stack_name: str) -> AsyncIterator[Pipeline]:
    """The pipeline that a stack made, with clients for as long as the context."""
    session = aioboto3.Session()
    async with AsyncExitStack() as stack:
        formation = await stack.enter_async_context(session.client("cloudformation", endpoint_url=endpoint_url))
        resources = (await formation.describe_stack_resources(StackName=stack_name))["StackResources"]

        def made(kind: str) -> dict[str, str]:
            return {
                each["LogicalResourceId"]: each["PhysicalResourceId"]
                for each in resources
                if each["ResourceType"] == kind
            }

        yield Pipeline(
            s3=await stack.enter_async_context(session.client("s3", endpoint_url=endpoint_url)),
            dynamodb=await stack.enter_async_context(session.client("dynamodb", endpoint_url=endpoint_url)),
            sqs=await stack.enter_async_context(session.client("sqs", endpoint_url=endpoint_url)),
            endpoint_url=endpoint_url,
            buckets=made("AWS::S3::Bucket"),
            tables=made("AWS::DynamoDB::Table"),
            queue_urls=made("AWS::SQS::Queue"),
        )


async def write_down(pipeline: Pipeline, folder: Path) -> None:
    """Replace what is kept by what the pipeline holds now; an earlier state stays until all of this one is written."""
    kept, part = folder / "kept", folder / "part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    rows = {name: await _rows(pipeline, table) for name, table in pipeline.tables.items()}
    messages = {name: await _messages(pipeline, url) for name, url in pipeline.queue_urls.items()}
    objects = {name: await _objects(pipeline, bucket, part / name) for name, bucket in pipeline.buckets.items()}
    state = {"rows": rows, "messages": messages, "objects": objects}
    (part / "state.json").write_text(json.dumps(state), encoding="utf-8")
    shutil.rmtree(kept, ignore_errors=True)
    part.rename(kept)
    log.info("state.kept", **_counts(state))


async def bring_back(pipeline: Pipeline, folder: Path) -> None:
    """Fill an empty pipeline with what was kept. One that holds anything is newer than that, and left alone."""
    index = folder / "kept" / "state.json"
    if not index.exists():
        log.info("state.new")
        return
    if any([await _rows(pipeline, table) for table in pipeline.tables.values()]):
        log.info("state.already_there")
        return
    state = json.loads(index.read_text(encoding="utf-8"))
    for name, bucket in pipeline.buckets.items():
        async with _silent(pipeline.s3, bucket):
            for at, each in enumerate(state["objects"][name]):
                with (folder / "kept" / name / str(at)).open("rb") as body:
                    await pipeline.s3.put_object(Bucket=bucket, Body=body, **each)
    for name, table in pipeline.tables.items():
        for row in state["rows"][name]:
            await pipeline.dynamodb.put_item(TableName=table, Item=row)
    for name, url in pipeline.queue_urls.items():
        for message in state["messages"][name]:
            await pipeline.sqs.send_message(QueueUrl=url, **message)
    log.info("state.back", **_counts(state))


@asynccontextmanager
async def _silent(s3: S3Client, bucket: str) -> AsyncIterator[None]:
    """Objects made meanwhile are announced to nobody: they are old."""
    answer = await s3.get_bucket_notification_configuration(Bucket=bucket)
    announced: Any = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    await s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    yield
    await s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=announced)


async def _rows(pipeline: Pipeline, table: str) -> list[dict[str, Any]]:
    pages = pipeline.dynamodb.get_paginator("scan").paginate(TableName=table)
    return [row async for page in pages for row in page["Items"]]


async def _objects(pipeline: Pipeline, bucket: str, folder: Path) -> list[dict[str, Any]]:
    """Copy the bucket's objects to files, numbered in the order of what is returned: what PutObject takes of each."""
    folder.mkdir()  # noqa: ASYNC240  a local disk's, and nobody waits
    objects: list[dict[str, Any]] = []
    async for page in pipeline.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for listed in page.get("Contents", []):
            answer = await pipeline.s3.get_object(Bucket=bucket, Key=listed["Key"])
            with (folder / str(len(objects))).open("wb") as file:
                async for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                    file.write(chunk)
            told = {name: answer.get(name) for name in ("ContentType", "CacheControl", "Metadata")}
            objects.append({"Key": listed["Key"], **{name: value for name, value in told.items() if value}})
    return objects


async def _messages(pipeline: Pipeline, queue_url: str) -> list[dict[str, Any]]:
    """What SendMessage takes of each message in the queue, whoever may have it in hand."""
    parameters = {"QueueUrl": queue_url, "ShowInvisible": "true", "ShowDelayed": "true"}
    async with httpx.AsyncClient(base_url=pipeline.endpoint_url, trust_env=False, timeout=30) as client:
        answer = await client.get(PEEK_PATH, params=parameters, headers={"Accept": "application/json"})
    answer.raise_for_status()
    found = (answer.json()["ReceiveMessageResponse"]["ReceiveMessageResult"] or {}).get("Message") or []
    return [_resent(message) for message in (found if isinstance(found, list) else [found])]


def _resent(message: Mapping[str, Any]) -> dict[str, Any]:
    listed = message.get("MessageAttribute") or []
    attributes = {each["Name"]: each["Value"] for each in (listed if isinstance(listed, list) else [listed])}
    return {"MessageBody": message["Body"], **({"MessageAttributes": attributes} if attributes else {})}


def _counts(state: Mapping[str, Mapping[str, list[Any]]]) -> dict[str, int]:
    return {kind: sum(map(len, held.values())) for kind, held in state.items()}
