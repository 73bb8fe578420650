"""What the worker itself writes beside a finished job's playlists: the key file and info.json.

No AWS type passes this boundary.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from transcode.job import Completed
from transcode.permissions import Resource, allow
from worker.claim import Destination

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

PERMISSIONS = allow("s3:GetObject", "s3:PutObject", on=[Resource.OUTPUTS]) | allow(
    "s3:ListBucket",  # without it S3 answers 403 for what isn't there
    on=[Resource.OUTPUT_BUCKET],
)

INFO_FILE = "info.json"
NOT_FOUND_STATUS = 404


class ArtifactStore:
    """Writes to jobs' folders in the output bucket; every write can be repeated."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self.client = client
        self._bucket = bucket

    async def put_key_file(self, destination: Destination) -> None:
        """Write the key as its 16 raw bytes, where the playlists say it is."""
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
        """Return whether there is such an object, whoever wrote it."""
        try:
            await self.client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == NOT_FOUND_STATUS:
                return False
            raise
        return True

    async def _put(self, key: str, body: bytes, *, content_type: str) -> None:
        await self.client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)


def info(destination: Destination, event: Completed) -> Mapping[str, Any]:
    """Return what info.json says; all of it from the event, so that a repeated delivery writes the same bytes."""
    output = event.output
    return {
        "duration_ms": output.duration_ms,
        "width_px": output.width_px,
        "height_px": output.height_px,
        "playlists": dict(output.playlists),
        "job_id": event.job_id,
        "input_file": destination.input_file,
        "completed_at": datetime.fromtimestamp(event.time_ms / 1000, UTC).isoformat().replace("+00:00", "Z"),
        "renditions": [
            {
                "width_px": rendition.width_px,
                "height_px": rendition.height_px,
                "duration_ms": rendition.duration_ms,
                "playlist": rendition.playlist,
            }
            for rendition in output.renditions
        ],
    }
