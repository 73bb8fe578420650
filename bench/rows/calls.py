"""Row "calls": the AWS calls of one job with thirty updates, from its upload to its end, and their price."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bench.bench_aws import BenchAws
from bench.harness import Bench, wait_for
from bench.job_events import event, status_update
from bench.measured_processes import MeasuredProcess, run_module, running_module
from bench.queue_drain import new_queue
from bench.results import Figure, Row, at_most
from deploy.cost import prices
from local.embedded_aws import ROOT
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from transcode.aws import Aws

UPDATES = 30
POLLS = 6
"""Pollers of a worker: two on each of three queues."""
INPUT_FILE = "uploads/bench-calls/clip.mp4"

MILLION = 1_000_000
INVOCATION_GB_S = 0.125 * 0.1
"""An invocation of 0.1 s with 128 MB."""
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
    "sqs:SendMessage": "sqs calls",
    "sqs:DeleteMessageBatch": "sqs calls",
    "sqs:ChangeMessageVisibilityBatch": "sqs calls",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The number of calls by kind."""

    calls: Mapping[str, float]

    @property
    def dollars(self) -> float:
        """The price of a million such jobs."""
        return MILLION * sum(DOLLARS[kind] * count for kind, count in self.calls.items())


def bill(bench: Bench) -> Row:
    """Compare this worker in a container with the first version on Lambda; each update comes alone."""
    settings = EmulatorSettings(
        port=0, aws_endpoint_url=bench.emulator.stack.endpoint_url, templates=(ROOT / "infra" / "job_template.json",)
    )
    with serving(settings) as mediaconvert:
        urls = bench.emulator.with_aws(lambda aws: _new_queues(aws, bench.emulator))
        worker_settings = {**bench.emulator.settings, **urls, "MEDIACONVERT_ENDPOINT_URL": mediaconvert}
        bench_aws = replace(bench.emulator, settings=worker_settings)
        ours, theirs = _ours(bench_aws), _first_version(bench_aws)
    figures = [
        Figure(name=f"{name}: {kind}", unit="", rounds=[count])
        for name, one_bill in (("this worker", ours), ("the first version", theirs))
        for kind, count in one_bill.calls.items()
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
                at_most(f"{kind}: at most the first version's {theirs.calls[kind]:g}", ours.calls[kind], count)
                for kind, count in theirs.calls.items()
            ),
            at_most("price: at most the first version's (ratio)", ours.dollars / theirs.dollars, 1),
        ],
        limit=(
            "A single job's updates come ten seconds apart, so each of them is one write in both systems. The claim, "
            "which prevents a second job for one upload, takes two writes and a read, and the queue, which loses no "
            "event, takes two calls per message; the first version has neither. The row leaves out polls of empty "
            "queues, Fargate's hours, and the first version's provisioned tables with their alarms. docs/cost.md has "
            "the complete bill; these calls are about one percent of it."
        ),
    )


async def _new_queues(aws: Aws, bench_aws: BenchAws) -> dict[str, str]:
    return {f"{name}_QUEUE_URL": await new_queue(aws, bench_aws) for name in ("UPLOADS", "SUBMISSION", "JOB_EVENTS")}


def _ours(bench_aws: BenchAws) -> Bill:
    with running_module("bench.counted_process", "worker", settings=bench_aws.settings) as worker:
        wait_for("the worker polls", lambda: worker.calls()["sqs:ReceiveMessage"] == POLLS)
        job_id = _upload(bench_aws, worker)
        for body in _job_events(bench_aws, job_id):
            _send_and_wait(bench_aws, worker, "JOB_EVENTS_QUEUE_URL", body)
        calls = dict(worker.calls())
    calls["sqs:ReceiveMessage"] = calls["sqs:DeleteMessageBatch"]  # count only the receives that returned a message
    return Bill(calls={**_by_kind(calls), "lambda invocations": 0})


def _upload(bench_aws: BenchAws, worker: MeasuredProcess) -> str:
    """Let the worker create the upload's job, and return the job's id."""
    _send_and_wait(bench_aws, worker, "UPLOADS_QUEUE_URL", json.dumps(_object_created(bench_aws)), queues=2)
    job_id: str = bench_aws.with_aws(lambda aws: _job_of_upload(aws, bench_aws))
    return job_id


def _send_and_wait(bench_aws: BenchAws, worker: MeasuredProcess, queue: str, body: str, *, queues: int = 1) -> None:
    """Send one message, and wait until the worker has deleted it, so that no two messages share a batch.

    An upload passes through two queues.
    """
    deleted = worker.calls()["sqs:DeleteMessageBatch"]
    bench_aws.with_aws(lambda aws: _send(aws, bench_aws.settings[queue], body))
    wait_for(f"a message of {queue} is handled", lambda: worker.calls()["sqs:DeleteMessageBatch"] >= deleted + queues)


async def _send(aws: Aws, url: str, body: str) -> None:
    await (await aws.sqs()).send_message(QueueUrl=url, MessageBody=body)


async def _job_of_upload(aws: Aws, bench_aws: BenchAws) -> str:
    client = await aws.dynamodb()
    row: Any = await client.get_item(TableName=bench_aws.stack.input_file_table, Key={"InputFile": {"S": INPUT_FILE}})
    job_id: str = row["Item"]["JobId"]["S"]
    return job_id


def _first_version(bench_aws: BenchAws) -> Bill:
    """Return the first version's bill; `invoke_first_version` replaces the job id JOB in its events."""
    events = json.dumps([_object_created(bench_aws), *map(json.loads, _job_events(bench_aws, "JOB"))])
    calls = json.loads(run_module("bench.invoke_first_version", "--one-job", stdin=events, settings=bench_aws.settings))
    return Bill(calls={**_by_kind(calls), "sqs calls": 0, "lambda invocations": calls["invocations"]})


def _object_created(bench_aws: BenchAws) -> dict[str, object]:
    s3_object = {"key": INPUT_FILE, "size": 64_657_027, "etag": "0f4c1d2b3a59687766554433221100ff", "sequencer": "00"}
    return {
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {"bucket": {"name": bench_aws.stack.input_bucket}, "object": s3_object},
    }


def _job_events(bench_aws: BenchAws, job_id: str) -> list[str]:
    """Return all events of a job, in order."""
    now_ms, bucket = int(time.time() * 1000), bench_aws.stack.input_bucket
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
