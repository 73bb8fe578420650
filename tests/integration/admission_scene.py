"""A worker, a MediaConvert emulator and the files that a test uploads, for tests of limits, probes and budgets."""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from local.provision import Stack
from tests.integration.process_settings import worker_settings
from tests.integration.queue_messages import job_event, object_created
from tests.integration.stores import Stores
from transcode.aws import Aws
from transcode.dynamodb import decode
from transcode.job import Failure, Job
from transcode.lookup import Lookup
from worker.assembly import open_handler
from worker.deliveries import DeliveryHandler
from worker.outcomes import Done, Message, Outcome

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient

DEADLINE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The shared pipeline, with a MediaConvert emulator at `endpoint`. `files` is the folder of the files."""

    stack: Stack
    stores: Stores
    aws: Aws
    worker_aws: Aws
    endpoint: str
    files: Path

    async def worker(self, **changes: object) -> DeliveryHandler:
        """Return the handler of a worker with changed settings."""
        settings = worker_settings(self.stack, self.endpoint)
        changed = type(settings).model_validate({**settings.model_dump(), **changes})
        return await open_handler(self.worker_aws, changed)

    async def mediaconvert(self) -> "MediaConvertClient":
        """Return a client of the emulator."""
        return await self.aws.mediaconvert(endpoint_url=self.endpoint)

    async def throttle_next_job(self) -> None:
        """Let the emulator throttle the next CreateJob."""
        async with httpx.AsyncClient(base_url=self.endpoint) as client:
            chaos = {"fail_create_job": {"count": 1, "status": 429}}
            (await client.put("/_emulator/chaos", json=chaos)).raise_for_status()

    async def upload(self, name: str, *, owner: str | None = None) -> str:
        """Put one of the files into the input bucket, announced by its owner if there is one; return its key."""
        input_file = f"uploads/{secrets.token_hex(8)}/{name}"
        if owner is not None:
            lookup = Lookup(input_file=input_file, owner=owner)
            await self.stores.lookups.announce(lookup, now_s=int(time.time()))
        s3 = await self.aws.s3()
        body = await asyncio.to_thread((self.files / name).read_bytes)
        await s3.put_object(Bucket=self.stack.input_bucket, Key=input_file, Body=body)
        return input_file

    def created(self, input_file: str) -> Message:
        """Return S3's event of the file."""
        return object_created(self.stack, input_file)

    async def lookup(self, input_file: str) -> Lookup:
        """Return the file's row."""
        lookup = await self.stores.lookups.get(input_file, now_s=int(time.time()), consistent=True)
        assert lookup is not None
        return lookup

    async def failure(self, input_file: str) -> Failure:
        """Return the failure on the file's row."""
        failure = (await self.lookup(input_file)).failure
        assert failure is not None
        return failure

    async def job(self, input_file: str) -> Job:
        """Return the file's job."""
        job_id = (await self.lookup(input_file)).job_id
        assert job_id is not None
        job = await self.stores.statuses.get(job_id, now_s=int(time.time()), consistent=True)
        assert job is not None
        return job

    async def jobs(self, input_file: str) -> Sequence[Any]:
        """Return MediaConvert's jobs for the file."""
        client = await self.mediaconvert()
        response = await client.search_jobs(InputFile=f"s3://{self.stack.input_bucket}/{input_file}")
        return response.get("Jobs", [])

    async def finished_job(self, handler: DeliveryHandler, input_file: str) -> Job:
        """Wait for the end of the file's job, deliver its COMPLETE event, and return the job."""
        deadline_s, client = time.monotonic() + DEADLINE_S, await self.mediaconvert()
        job_id = (await self.job(input_file)).job_id
        while True:
            described = (await client.get_job(Id=job_id))["Job"]
            if described["Status"] == "COMPLETE":
                break
            assert time.monotonic() < deadline_s, f"job {job_id} has the status {described['Status']}"
            await asyncio.sleep(0.1)
        assert await handle(handler, self._complete_event(described)) == Done()
        return await self.job(input_file)

    def _complete_event(self, job: Mapping[str, Any]) -> Message:
        streams, poster = (_details(group) for group in job["OutputGroupDetails"])
        picture = {**poster[0], "outputFilePaths": ["s3://outputs/clip_poster.0000001.jpg"]}
        groups = [
            {"type": "HLS_GROUP", "playlistFilePaths": ["s3://outputs/clip.m3u8"], "outputDetails": streams},
            {"type": "FILE_GROUP", "outputDetails": [picture]},
        ]
        return job_event(self.stack, job["Id"], "COMPLETE", int(time.time() * 1000), outputGroupDetails=groups)

    async def counted_ms(self, counter: str) -> int:
        """Return the value of a budget's counter; 0 if there is none."""
        dynamodb = await self.aws.dynamodb()
        key = {"JobId": {"S": f"budget:{counter}"}}
        row = await dynamodb.get_item(TableName=self.stack.output_table, Key=key)
        return int(decode(row.get("Item", {})).get("CountedMs", 0))


def counter_of(handler: DeliveryHandler, caller: str) -> str:
    """Return the name of today's counter of the caller."""
    budgets = handler.submitter.admission.budgets
    return budgets.counters(counted_ms=0, caller=caller, now_s=int(time.time()))[-1].name


def requested(created: Message, *, replaces: str) -> Message:
    """Return the service's request for another job of the file that S3's event names."""
    body = {**json.loads(created.body), "detail-type": "Job Requested", "source": "mediaconvert-status"}
    body["detail"]["replaces"] = replaces
    return Message(message_id=secrets.token_hex(8), body=json.dumps(body))


async def handle(handler: DeliveryHandler, message: Message) -> Outcome:
    """Handle one message, and return its outcome."""
    return (await handler.handle([message]))[message.message_id]


def _details(group: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "durationInMs": output["DurationInMs"],
            "videoDetails": {
                "widthInPx": output["VideoDetails"]["WidthInPx"],
                "heightInPx": output["VideoDetails"]["HeightInPx"],
            },
        }
        for output in group["OutputDetails"]
    ]
