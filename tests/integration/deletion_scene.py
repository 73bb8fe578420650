"""An upload with everything that a deletion removes, and a look at what is left of it."""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.provision import Stack
from tests.integration.queue_messages import message
from tests.integration.stores import Stores
from transcode.aws import Aws
from transcode.delete_requested import delete_requested
from transcode.job import Completed, Job, Output
from transcode.lookup import Lookup
from worker.claim import Claim, Destination, claim_id
from worker.messages.events import ObjectCreated
from worker.outcomes import Message
from worker.submission.output_names import output_path

SEGMENTS = 5


def now_s() -> int:
    """Return the current time."""
    return int(time.time())


def delete_message(stack: Stack, input_file: str, *, urls_until_s: int = 0) -> Message:
    """Return the service's message; by default, all URLs have expired."""
    return message(delete_requested(bucket=stack.input_bucket, input_file=input_file, urls_until_s=urls_until_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionScene:
    """Writes and reads everything of one upload."""

    stack: Stack
    stores: Stores
    aws: Aws
    input_file: str

    async def complete(self, *, segments: int = SEGMENTS) -> str:
        """Make a COMPLETE upload with its objects and rows; return its job's id."""
        await self.stores.lookups.announce(Lookup(input_file=self.input_file, owner="me"), now_s=now_s())
        await self.put_input()
        upload = ObjectCreated(input_file=self.input_file, size_bytes=5, version="v1")
        job_id = await self.add_job(upload, claimed_ms=int(time.time() * 1000) - 5_000, segments=segments)
        await self.stores.statuses.advance(
            Completed(job_id=job_id, time_ms=now_s() * 1000, output=Output(path="p/")), now_s=now_s()
        )
        return job_id

    async def add_job(self, upload: ObjectCreated, *, claimed_ms: int, segments: int = SEGMENTS) -> str:
        """Make a job of the upload that is not over, with its claim, rows and outputs."""
        job_id = f"{time.time_ns() // 1_000_000}-{secrets.token_hex(3)}"
        claim = _claim(upload, claimed_ms=claimed_ms)
        await self.stores.outputs.open_claim(claim)
        await self.stores.lookups.queue(
            self.input_file,
            claimed_ms=claimed_ms,
            claim_id=claim.claim_id,
            now_s=now_s(),
            version=None if upload.replaces else upload.version,
        )
        await self.stores.outputs.record_job(claim, job_id)
        await self.stores.outputs.put(job_id, claim.destination, now_s=now_s())
        await self.stores.statuses.submit(Job(job_id=job_id, input_file=self.input_file, owner="me"), now_s=now_s())
        await self.stores.lookups.link(self.input_file, job_id, claimed_ms=claimed_ms, now_s=now_s())
        await self.put_outputs(claim.destination.output_path, job_id, segments=segments)
        return job_id

    async def put_input(self) -> None:
        """Store the source object."""
        s3 = await self.aws.s3()
        await s3.put_object(Bucket=self.stack.input_bucket, Key=self.input_file, Body=b"video")

    async def put_outputs(self, path: str, job_id: str, *, segments: int = SEGMENTS) -> None:
        """Store the outputs of a job."""
        s3 = await self.aws.s3()
        info = json.dumps({"job_id": job_id, "input_file": self.input_file}).encode()
        files = {"clip.m3u8": b"#EXTM3U", "clip.key": b"k" * 16, "info.json": info}
        files |= {f"clip_{number:05}.ts": b"x" for number in range(segments)}
        for name, body in files.items():
            await s3.put_object(Bucket=self.stack.output_bucket, Key=path + name, Body=body)

    async def begin_multipart(self) -> str:
        """Begin an upload in parts of the same key."""
        s3 = await self.aws.s3()
        return (await s3.create_multipart_upload(Bucket=self.stack.input_bucket, Key=self.input_file))["UploadId"]

    async def objects(self) -> Sequence[str]:
        """Return the objects of both buckets whose keys begin with the input file's key."""
        s3 = await self.aws.s3()
        found: list[str] = []
        for bucket in (self.stack.input_bucket, self.stack.output_bucket):
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=self.input_file)
            found += [each["Key"] async for page in pages for each in page.get("Contents", [])]
        return found

    async def multipart_uploads(self) -> int:
        """Return the number of unfinished uploads in parts of the key."""
        s3 = await self.aws.s3()
        listed = await s3.list_multipart_uploads(Bucket=self.stack.input_bucket, Prefix=self.input_file)
        return len(listed.get("Uploads", []))

    async def row(self, table: str, key_name: str, key: str) -> Mapping[str, Any]:
        """Return a row in DynamoDB's format; empty if there is none."""
        dynamodb = await self.aws.dynamodb()
        response = await dynamodb.get_item(TableName=table, Key={key_name: {"S": key}}, ConsistentRead=True)
        return response.get("Item", {})

    async def upload_row(self) -> Mapping[str, Any]:
        """Return the upload's row."""
        return await self.row(self.stack.input_file_table, "InputFile", self.input_file)

    async def job_row(self, job_id: str) -> Mapping[str, Any]:
        """Return the job's row."""
        return await self.row(self.stack.status_table, "JobId", job_id)

    async def key_rows(self, job_id: str, *claim_ids: str) -> Sequence[Mapping[str, Any]]:
        """Return the rows with the keys of the job and the claims that exist."""
        names = [job_id, *(f"claim:{each}" for each in claim_ids)]
        rows = [await self.row(self.stack.output_table, "JobId", each) for each in names]
        return [each for each in rows if each]

    def claim_id(self, *, version: str = "v1", replaces: str | None = None) -> str:
        """Return the id of the claim of a version, or of a retry."""
        return claim_id(ObjectCreated(input_file=self.input_file, size_bytes=5, version=version, replaces=replaces))


def _claim(upload: ObjectCreated, *, claimed_ms: int) -> Claim:
    created_at = datetime.fromtimestamp(claimed_ms / 1000, UTC)
    return Claim(
        claim_id=claim_id(upload),
        destination=Destination(
            input_file=upload.input_file,
            output_path=output_path(upload.input_file, created_at=created_at, token=secrets.token_hex(3)),
            key_file="clip.key",
            key_value="00" * 16,
        ),
        claimed_ms=claimed_ms,
        lease_token=secrets.token_hex(4),
        lease_until_ms=0,
        is_jobless=True,
    )
