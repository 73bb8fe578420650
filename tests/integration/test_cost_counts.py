"""The AWS calls and log bytes that docs/cost.md multiplies by prices are those of one upload through the code."""

import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from deploy.cost import aws_call_counts as counts
from local.provision import Stack
from tests.integration.process_settings import service_settings, worker_settings
from tests.integration.queue_messages import complete_event, job_event, object_created, status_update
from tests.integration.service_app import serve, upload_request
from transcode.aws import Aws
from worker.assembly import open_handler, open_intake, open_queue_meter
from worker.deliveries import DeliveryHandler

WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
READS = ("dynamodb:GetItem", "dynamodb:BatchGetItem")
PUTS = ("s3:PutObject",)
LINE_BYTES = 150
"""Bytes of each log line beside its own fields: time, level, logger, the name of the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The service, the worker, and the AWS calls that both have made."""

    api: httpx.AsyncClient
    handler: DeliveryHandler
    intake: DeliveryHandler
    s3: Any
    calls: "Counter[str]"

    def take(self) -> tuple[int, int, int]:
        """Return the writes, reads and PUTs since the last call of this method."""
        taken = tuple(sum(self.calls[name] for name in names) for names in (WRITES, READS, PUTS))
        self.calls.clear()
        return taken[0], taken[1], taken[2]


@pytest.fixture
async def counted(
    stack: Stack, mediaconvert_endpoint: str, monkeypatch: pytest.MonkeyPatch, aws: Aws, worker_aws: Aws
) -> AsyncIterator[Counted]:
    """The service and the worker, all of whose clients are counted."""
    calls: Counter[str] = Counter()
    original_open = Aws._open  # noqa: SLF001 -- every client is opened by it

    async def opened(self: Aws, service: str, *arguments: Any, **options: Any) -> object:  # noqa: ANN401 -- passed on
        client: Any = await original_open(self, service, *arguments, **options)
        client.meta.events.register("before-call.*.*", lambda model, **_: calls.update([f"{service}:{model.name}"]))
        return client

    monkeypatch.setattr(Aws, "_open", opened)
    settings_of_worker = worker_settings(stack, mediaconvert_endpoint)
    handler = await open_handler(worker_aws, settings_of_worker)
    intake = await open_intake(worker_aws, settings_of_worker, handler)
    settings = service_settings(stack).model_copy(update={"fresh_s": 0.0})  # each request for a job is a read
    async for api in serve(settings):
        yield Counted(api=api, handler=handler, intake=intake, s3=await aws.s3(), calls=calls)


async def uploaded(counted: Counted, stack: Stack) -> str:
    """Announce and upload a file; return its key."""
    input_file = str((await counted.api.post("/uploads", json=upload_request())).json()["input_file"])
    await counted.s3.put_object(Bucket=stack.input_bucket, Key=input_file, Body=b"video")
    return input_file


async def job_of(counted: Counted, input_file: str) -> str:
    """Return the id of the file's job."""
    job: Mapping[str, Any] = (await counted.api.get("/jobs", params={"input_file": input_file})).json()
    return str(job["job_id"])


async def test_an_upload_makes_the_calls_that_its_cost_is_computed_from(counted: Counted, stack: Stack) -> None:
    """Announce, submit, apply events, complete and read: each step makes the calls that docs/cost.md counts."""
    first = object_created(stack, await uploaded(counted, stack))
    await counted.handler.handle([first])  # the first message also reads the job template
    counted.take()

    assert (await counted.api.post("/uploads", json=upload_request())).status_code == 201
    assert counted.take() == (counts.ANNOUNCE_WRITES, 0, 0)

    input_file = await uploaded(counted, stack)
    counted.take()
    created = object_created(stack, input_file)
    await counted.intake.handle([created])
    await counted.handler.handle([created])  # the message of the submission queue has the same claim
    assert counted.take() == (counts.SUBMIT_WRITES, counts.SUBMIT_READS, 0)

    job_id, now_ms = await job_of(counted, input_file), int(time.time() * 1000) + 60_000
    counted.take()
    for each in (job_event(stack, job_id, "PROGRESSING", now_ms), status_update(stack, job_id, now_ms + 10, 10)):
        await counted.handler.handle([each])
        assert counted.take() == (counts.EVENT_WRITES, 0, 0)
    await counted.handler.handle([job_event(stack, job_id, "INPUT_INFORMATION", now_ms + 20)])
    assert counted.take() == (0, 0, 0)

    await counted.handler.handle([complete_event(stack, job_id, now_ms + 30)])
    assert counted.take() == (counts.COMPLETE_WRITES, counts.COMPLETE_READS, counts.COMPLETE_PUTS)

    await counted.api.get(f"/jobs/{job_id}/progress")
    assert counted.take() == (0, counts.LOOK_READS, 0)
    await counted.api.get("/jobs", params={"input_file": input_file})
    assert counted.take() == (0, counts.FILE_LOOK_READS, 0)


async def test_a_measurement_makes_the_calls_that_its_cost_is_computed_from(
    counted: Counted, stack: Stack, mediaconvert_endpoint: str, worker_aws: Aws
) -> None:
    """The worker whose turn it is makes them twice a minute."""
    meter = await open_queue_meter(worker_aws, worker_settings(stack, mediaconvert_endpoint), counted.handler)
    counted.take()
    assert await meter.turns.take(now_s=time.time() + 3_600)
    sqs_requests = counted.calls["sqs:GetQueueAttributes"]
    assert counted.take() == (counts.MEASURE_WRITES, counts.MEASURE_READS, 0)
    assert sqs_requests == counts.MEASURE_SQS_REQUESTS


async def test_every_row_of_an_upload_is_one_capacity_unit(counted: Counted, stack: Stack, aws: Aws) -> None:
    """Names and values together stay below one kilobyte, also when the job is complete."""
    input_file = await uploaded(counted, stack)
    await counted.handler.handle([object_created(stack, input_file)])
    job_id = await job_of(counted, input_file)
    await counted.handler.handle([complete_event(stack, job_id, int(time.time() * 1000) + 60_000)])
    dynamodb = await aws.dynamodb()
    rows = [(stack.status_table, "JobId", job_id), (stack.output_table, "JobId", job_id)]
    for table, name, value in [*rows, (stack.input_file_table, "InputFile", input_file)]:
        row = (await dynamodb.get_item(TableName=table, Key={name: {"S": value}}))["Item"]
        assert 0 < len(json.dumps(row)) < counts.ROW_BYTES  # with types and braces: more than DynamoDB counts


async def test_an_upload_logs_no_more_bytes_than_its_cost_assumes(counted: Counted, stack: Stack) -> None:
    """With fifteen updates, as docs/cost.md assumes."""
    with capture_logs() as lines:
        input_file = await uploaded(counted, stack)
        await counted.handler.handle([object_created(stack, input_file)])
        job_id, now_ms = await job_of(counted, input_file), int(time.time() * 1000) + 60_000
        for step in range(15):
            await counted.handler.handle([status_update(stack, job_id, now_ms + step, step)])
        await counted.handler.handle([complete_event(stack, job_id, now_ms + 100)])
    logged_bytes = sum(len(json.dumps(line, default=str)) + LINE_BYTES for line in lines)
    assert counts.LOG_BYTES_PER_UPLOAD / 4 < logged_bytes < counts.LOG_BYTES_PER_UPLOAD
