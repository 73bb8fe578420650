"""The files that the worker writes beside a finished job's playlists: the key file and info.json.

No AWS type passes this boundary.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from transcode.job import Completed, Output
from transcode.permissions import Resource, allow
from worker.claim import Destination

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

PERMISSIONS = allow("s3:GetObject", "s3:PutObject", on=[Resource.OUTPUTS]) | allow(
    "s3:ListBucket",  # without it S3 answers 403 instead of 404 for a missing object
    on=[Resource.OUTPUT_BUCKET],
)

INFO_FILE = "info.json"
NOT_FOUND_STATUS = 404
MAX_SIZED_FILES = 50
"""Files of one job whose sizes are read. A template has one file for each output of its file groups."""


class ArtifactStore:
    """Write access to the jobs' folders in the output bucket; every write can be repeated."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self.client = client
        self._bucket = bucket

    async def put_key_file(self, destination: Destination) -> None:
        """Write the key as 16 raw bytes, to the place that the playlists name."""
        await self._put(
            destination.output_path + destination.key_file,
            bytes.fromhex(destination.key_value),
            content_type="application/octet-stream",
        )

    async def put_info(self, destination: Destination, event: Completed) -> None:
        """Write info.json."""
        body = json.dumps(info(destination, event), ensure_ascii=False, indent=2).encode()
        await self._put(destination.output_path + INFO_FILE, body, content_type="application/json")

    async def has(self, key: str) -> bool:
        """Return whether the object exists; MediaConvert or the worker may have written it."""
        return await self.size_bytes(key) is not None

    async def size_bytes(self, key: str) -> int | None:
        """Return the object's length; None if it doesn't exist."""
        try:
            response = await self.client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == NOT_FOUND_STATUS:
                return None
            raise
        return response["ContentLength"]

    async def with_sizes(self, output: Output) -> Output:
        """Return the output with the sizes of its files, which MediaConvert's events lack. One call for each file."""
        names = [each.name for each in output.files[:MAX_SIZED_FILES]]
        sizes = await asyncio.gather(*(self.size_bytes(output.path + name) for name in names))
        sized = [replace(each, size_bytes=size) for each, size in zip(output.files, sizes, strict=False)]
        return replace(output, files=(*sized, *output.files[MAX_SIZED_FILES:]))

    async def _put(self, key: str, body: bytes, *, content_type: str) -> None:
        await self.client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)


def info(destination: Destination, event: Completed) -> Mapping[str, Any]:
    """Return the content of info.json. All of it comes from the event and the files that it names.

    A repeated delivery writes the same bytes.
    """
    output = asdict(event.output)
    del output["path"]  # the folder that the file lies in
    files, renditions = list(output.pop("files")), list(output.pop("renditions"))
    return {
        **output,
        "job_id": event.job_id,
        "input_file": destination.input_file,
        "completed_at": datetime.fromtimestamp(event.time_ms / 1000, UTC).isoformat().replace("+00:00", "Z"),
        "renditions": renditions,
        "files": files,
    }
