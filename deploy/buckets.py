"""Uploads packages to S3 buckets, and empties and deletes buckets."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deploy.lambda_package import Package

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

MISSING = {"404", "NoSuchBucket", "NoSuchKey", "NotFound"}


async def put_package(s3: "S3Client", bucket: str, package: Package) -> bool:
    """Upload the package unless the bucket has it; return whether it was uploaded."""
    try:
        await s3.head_object(Bucket=bucket, Key=package.key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING:
            raise
    else:
        return False
    await s3.put_object(Bucket=bucket, Key=package.key, Body=package.path.read_bytes(), ContentType="application/zip")
    return True


async def empty(s3: "S3Client", bucket: str) -> int:
    """Delete all object versions and incomplete multipart uploads; return the number of deleted versions."""
    deleted = 0
    try:
        async for uploads in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
            for upload in uploads.get("Uploads", []):
                await s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        async for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            listed = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            keys: list[Any] = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in listed]
            if keys:
                await _delete(s3, bucket, keys)
                deleted += len(keys)
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING:
            raise
    return deleted


async def _delete(s3: "S3Client", bucket: str, keys: list[Any]) -> None:
    response = await s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    for error in response.get("Errors", []):
        raise ClientError({"Error": {"Code": error["Code"], "Message": error["Message"]}}, "DeleteObjects")


async def remove(s3: "S3Client", bucket: str) -> bool:
    """Delete the empty bucket; return False if it didn't exist."""
    try:
        await s3.delete_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING:
            raise
        return False
    return True
