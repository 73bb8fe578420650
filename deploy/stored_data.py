"""Counts the data that a destruction deletes: objects in buckets, items in tables."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from deploy.buckets import MISSING

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_s3 import S3Client

MAX_PAGES = 100
"""Pages of 1,000 object versions that are listed; a larger bucket gets a lower bound."""
KB = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredData:
    """The content of a bucket or of a table."""

    name: str
    count: int
    size_bytes: int
    noun: str
    qualifier: str = ""
    """"at least" if not everything was listed, "about" if AWS counts only every six hours."""

    def __str__(self) -> str:
        """Return a line for the operator."""
        return f"{self.name:<40} {self.qualifier}{self.count:,} {self.noun}, {readable_size(self.size_bytes)}"


def readable_size(size_bytes: int) -> str:
    """Return a size with a unit.

    >>> readable_size(1_234_567), readable_size(0)
    ('1.2 MB', '0 B')
    """
    size, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if size < KB:
            break
        size, unit = size / KB, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


async def measure_bucket(s3: "S3Client", bucket: str) -> StoredData:
    """Return the number and the size of a bucket's object versions; none if the bucket doesn't exist."""
    count, size_bytes, pages, is_truncated = 0, 0, 0, False
    try:
        async for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            versions = page.get("Versions", [])
            count, pages = count + len(versions), pages + 1
            size_bytes += sum(each["Size"] for each in versions)
            is_truncated = bool(page.get("IsTruncated"))
            if pages == MAX_PAGES:
                break
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING:
            raise
    qualifier = "at least " if is_truncated else ""
    return StoredData(name=bucket, count=count, size_bytes=size_bytes, noun="objects", qualifier=qualifier)


async def measure_table(dynamodb: "DynamoDBClient", table: str) -> StoredData:
    """Return the number and the size of a table's items, as DynamoDB counts them every six hours."""
    try:
        described = (await dynamodb.describe_table(TableName=table))["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        return StoredData(name=table, count=0, size_bytes=0, noun="items")
    return StoredData(
        name=table,
        count=described.get("ItemCount", 0),
        size_bytes=described.get("TableSizeBytes", 0),
        noun="items",
        qualifier="about ",
    )
