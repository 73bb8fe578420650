"""The lists that an audit reads: all objects of both buckets, and the rows of uploads and jobs.

It reads everything once, so its cost grows with the number of stored objects: a list request for each thousand. It
doesn't read the table with the keys, which only the worker may access. No AWS type passes this boundary.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from transcode.dynamodb import decode, encode
from transcode.permissions import Resource, allow
from worker.audit.findings import FoundObject

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_s3 import S3Client

PERMISSIONS = (
    allow("s3:ListBucket", on=[Resource.INPUT_BUCKET, Resource.OUTPUT_BUCKET])
    | allow("dynamodb:Scan", on=[Resource.INPUT_FILE_TABLE, Resource.STATUS_TABLE])
    | allow("dynamodb:BatchGetItem", on=[Resource.INPUT_FILE_TABLE])
)

BATCH_SIZE = 100
PAUSE_S = 0.2
UPLOAD_ATTRIBUTES = ("InputFile", "DeleteRequestedTime", "DeletedTime", "ExpirationTime")
JOB_ATTRIBUTES = ("JobId", "JobStatus", "InputFile", "DeletedTime", "ExpirationTime", "Followed")

Row = Mapping[str, Any]


class Listing:
    """The buckets and tables of a deployment."""

    def __init__(self, s3: "S3Client", dynamodb: "DynamoDBClient", *, lookup_table: str, status_table: str) -> None:
        self._s3 = s3
        self._dynamodb = dynamodb
        self._lookup_table = lookup_table
        self._status_table = status_table

    async def objects(self, bucket: str, prefix: str) -> AsyncIterator[Sequence[FoundObject]]:
        """Yield the objects of the bucket below the prefix, in pages of a thousand at most."""
        async for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield [
                FoundObject(
                    key=each["Key"],
                    size_bytes=each["Size"],
                    modified_s=each["LastModified"].timestamp(),
                    etag=each["ETag"].strip('"'),
                )
                for each in page.get("Contents", [])
            ]

    async def rows_of_uploads(self) -> AsyncIterator[Sequence[Row]]:
        """Yield the rows of uploads, in pages."""
        async for page in self._scan(self._lookup_table, UPLOAD_ATTRIBUTES):
            yield page

    async def jobs(self) -> AsyncIterator[Sequence[Row]]:
        """Yield the rows of our jobs that name an upload, in pages. A tombstone names none."""
        async for page in self._scan(self._status_table, JOB_ATTRIBUTES):
            yield [row for row in page if "JobStatus" in row and "InputFile" in row and "Followed" not in row]

    async def uploads(self, input_files: Collection[str]) -> Mapping[str, Row]:
        """Return the rows that exist, by input file."""
        keys, found = sorted(set(input_files)), dict[str, Row]()
        for start in range(0, len(keys), BATCH_SIZE):
            unread: Any = {
                self._lookup_table: {
                    "Keys": [encode({"InputFile": key}) for key in keys[start : start + BATCH_SIZE]],
                    "ConsistentRead": True,
                }
            }
            while unread:
                response = await self._dynamodb.batch_get_item(RequestItems=unread)
                rows = map(decode, response.get("Responses", {}).get(self._lookup_table, ()))
                found |= {row["InputFile"]: row for row in rows}
                if unread := response.get("UnprocessedKeys", {}):
                    await asyncio.sleep(PAUSE_S)
        return found

    async def _scan(self, table: str, attributes: Sequence[str]) -> AsyncIterator[Sequence[Row]]:
        names = {f"#a{number}": name for number, name in enumerate(attributes)}
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=table, ProjectionExpression=", ".join(names), ExpressionAttributeNames=names
        )
        async for page in pages:
            yield [decode(item) for item in page.get("Items", ())]
