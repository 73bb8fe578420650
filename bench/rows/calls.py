"""What one job with thirty updates asks of AWS and costs there, from its upload to its end."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bench.bench_aws import World
from bench.harness import Bench, wait_for
from bench.job_events import event, status_update
from bench.measured_processes import Measured, asked, running
from bench.queue_drain import new_queue
from bench.results import Figure, Row, at_most
from deploy.cost import prices
from local.embedded_aws import ROOT
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from transcode.aws import Aws

UPDATES = 30
POLLS = 4
"""Two on each of two queues."""
INPUT_FILE = "uploads/bench-calls/clip.mp4"

MILLION = 1_000_000
INVOCATION_GB_S = 0.125 * 0.1
"""128 MB for a tenth of a second."""
DOLLARS = {
    "dynamodb writes": prices.WRITE_UNIT.usd,
    "dynamodb reads": prices.READ_UNIT.usd,
    "s3 puts": prices.S3_PUT.usd,
    "sqs calls": prices.SQS_REQUEST.usd,
    "lambda invocations": prices.LAMBDA_REQUEST.usd + INVOCATION_GB_S * prices.LAMBDA_X86_GB_S.usd,
}

KINDS = {
    "dynamodb:PutItem": "dynamodb writes",
    "dynamodb:UpdateItem": "dynamodb writes",
    "dynamodb:DeleteItem": "dynamodb writes",
    "dynamodb:GetItem": "dynamodb reads",
    "dynamodb:BatchGetItem": "dynamodb reads",
    "s3:PutObject": "s3 puts",
    "sqs:ReceiveMessage": "sqs calls",
    "sqs:DeleteMessageBatch": "sqs calls",
    "sqs:ChangeMessageVisibilityBatch": "sqs calls",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Calls by kind."""

    calls: Mapping[str, float]

    @property
    def dollars(self) -> float:
        """What a million such jobs cost."""
        return MILLION * sum(DOLLARS[kind] * count for kind, count in self.calls.items())


def bill(bench: Bench) -> Row:
    """The worker of a container, and the first version on Lambda; each update comes alone, as one job's do."""
    settings = EmulatorSettings(
        port=0, aws_endpoint_url=bench.world.stack.endpoint_url, templates=(ROOT / "infra" / "job_template.json",)
    )
    with serving(settings) as mediaconvert:
        urls = bench.world.with_aws(lambda aws: _new_queues(aws, bench.world))
        settings_of_both = {**bench.world.settings, **urls, "MEDIACONVERT_ENDPOINT_URL": mediaconvert}
        world = replace(bench.world, settings=settings_of_both)
        ours, theirs = _ours(world), _first_version(world)
    figures = [
        Figure(name=f"{who}: {kind}", unit="", rounds=[count])
        for who, one in (("this worker", ours), ("the first version", theirs))
        for kind, count in one.calls.items()
    ]
    figures += [
        Figure(name="this worker: a million jobs", unit="$", rounds=[ours.dollars]),
        Figure(name="the first version: a million jobs", unit="$", rounds=[theirs.dollars]),
    ]
    return Row(
        name="calls",
        what=f"billable AWS calls for one job with {UPDATES} updates",
        figures=figures,
        targets=[
            *(
                at_most(f"no more {kind} than the first version's {theirs.calls[kind]:g}", ours.calls[kind], count)
                for kind, count in theirs.calls.items()
            ),
            at_most("dollars beside the first version's", ours.dollars / theirs.dollars, 1),
        ],
        limit=(
            "A lone job's updates come ten seconds apart, so each is a write in both. The claim that makes one upload "
            "one job is two writes and a read, and the queue that loses nothing is two calls a message; the first "
            "version has neither. Not in it: polls of empty queues, Fargate's hours, the first version's provisioned "
            "tables with their alarms. docs/cost.md has the whole bill, of which all of this is a hundredth."
        ),
    )


async def _new_queues(aws: Aws, world: World) -> dict[str, str]:
    return {f"{name}_QUEUE_URL": await new_queue(aws, world) for name in ("UPLOADS", "JOB_EVENTS")}


def _ours(world: World) -> Bill:
    with running("bench.counted_process", "worker", settings=world.settings) as worker:
        wait_for("the worker polls", lambda: worker.calls()["sqs:ReceiveMessage"] == POLLS)
        job_id = _upload(world, worker)
        for body in _job_events(world, job_id):
            _hand_over(world, worker, "JOB_EVENTS_QUEUE_URL", body)
        calls = dict(worker.calls())
    calls["sqs:ReceiveMessage"] = calls["sqs:DeleteMessageBatch"]  # those that brought something
    return Bill(calls={**_by_kind(calls), "lambda invocations": 0})


def _upload(world: World, worker: Measured) -> str:
    """Let the worker make the upload's job, and return its id."""
    _hand_over(world, worker, "UPLOADS_QUEUE_URL", json.dumps(_object_created(world)))
    job_id: str = world.with_aws(lambda aws: _job_of_upload(aws, world))
    return job_id


def _hand_over(world: World, worker: Measured, queue: str, body: str) -> None:
    """Send one message, and wait until it is deleted: none meets another, as in a job's own time."""
    deleted = worker.calls()["sqs:DeleteMessageBatch"]
    world.with_aws(lambda aws: _send(aws, world.settings[queue], body))
    wait_for(f"a message of {queue} is handled", lambda: worker.calls()["sqs:DeleteMessageBatch"] > deleted)


async def _send(aws: Aws, url: str, body: str) -> None:
    await (await aws.sqs()).send_message(QueueUrl=url, MessageBody=body)


async def _job_of_upload(aws: Aws, world: World) -> str:
    client = await aws.dynamodb()
    row: Any = await client.get_item(TableName=world.stack.input_file_table, Key={"InputFile": {"S": INPUT_FILE}})
    job_id: str = row["Item"]["JobId"]["S"]
    return job_id


def _first_version(world: World) -> Bill:
    """Return the first version's bill; its job's id is in its events, wherever they stand as JOB."""
    said = json.dumps([_object_created(world), *map(json.loads, _job_events(world, "JOB"))])
    calls = json.loads(asked("bench.invoke_first_version", "--one-job", said=said, settings=world.settings))
    return Bill(calls={**_by_kind(calls), "sqs calls": 0, "lambda invocations": calls["invocations"]})


def _object_created(world: World) -> dict[str, object]:
    there = {"key": INPUT_FILE, "size": 64_657_027, "etag": "0f4c1d2b3a59687766554433221100ff", "sequencer": "00"}
    return {
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {"bucket": {"name": world.stack.input_bucket}, "object": there},
    }


def _job_events(world: World, job_id: str) -> list[str]:
    """Return all events of a job, in order."""
    now_ms, bucket = int(time.time() * 1000), world.stack.input_bucket
    updates = [
        status_update(job_id, time_ms=now_ms + at, percent=3 * at, input_bucket=bucket) for at in range(1, 1 + UPDATES)
    ]
    output = {"durationInMs": 20_000, "videoDetails": {"widthInPx": 1280, "heightInPx": 720}}
    group = {"type": "HLS_GROUP", "outputDetails": [output]}
    complete = event(job_id, "COMPLETE", time_ms=now_ms + 99, input_bucket=bucket, outputGroupDetails=[group])
    events = [event(job_id, "PROGRESSING", time_ms=now_ms, input_bucket=bucket), *updates, complete]
    return [json.dumps(each) for each in events]


def _by_kind(calls: Mapping[str, int]) -> dict[str, float]:
    found: dict[str, float] = dict.fromkeys(sorted(set(KINDS.values())), 0)
    for operation, count in calls.items():
        if operation in KINDS:
            found[KINDS[operation]] += count
    return found
