"""The objects of a bucket, all their versions, and unfinished uploads in parts: found by prefix, and removed.

A bucket of this system keeps no versions, but an operator's bucket may. In a bucket without versions, each object has
the version "null", so the same two calls remove everything in both. No AWS type passes this boundary.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from transcode.permissions import Resource, allow
from worker.bounded_gather import bounded_gather

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

INPUTS = allow("s3:AbortMultipartUpload", "s3:DeleteObjectVersion", on=[Resource.UPLOADS]) | allow(
    "s3:ListBucketMultipartUploads", "s3:ListBucketVersions", on=[Resource.INPUT_BUCKET]
)
OUTPUTS = allow("s3:DeleteObjectVersion", "s3:GetObject", on=[Resource.OUTPUTS]) | allow(
    "s3:ListBucketVersions", on=[Resource.OUTPUT_BUCKET]
)

MAX_CONCURRENCY = 6
"""DeleteObjects calls of one deletion at the same time, each with up to a thousand objects."""
MAX_INFO_BYTES = 1_000_000

_STATUS_OF_CODE = {"AccessDenied": 403, "InternalError": 500, "ServiceUnavailable": 503, "SlowDown": 503}
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 can't contain. S3 refuses a whole DeleteObjects request with one of them.

Python compiles the characters that XML can contain, negated, more slowly (bench row "Lambda cold start")."""

Version = Mapping[str, str]


class StoredObjects:
    """The objects of one bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    async def remove(
        self, prefix: str, *, is_owned: Callable[[str], bool], is_time_left: Callable[[], bool] = lambda: True
    ) -> bool:
        """Remove all versions of the owned objects whose keys begin with the prefix. Safe to repeat.

        Return False if the time was over before all were removed; a later call goes on.

        Raises:
            ClientError: S3 didn't remove an object. The others are removed.
        """
        is_complete = True
        async with _Removals(self._delete) as removals:
            async for page in self._pages(Prefix=prefix):
                if not is_time_left():
                    is_complete = False
                    break
                await removals.add([each for each in _versions(page) if is_owned(each["Key"])])
        return is_complete

    async def folders(self, prefix: str) -> Sequence[str]:
        """Return the folders whose names begin with the prefix: the text up to the next slash."""
        found: list[str] = []
        async for page in self._pages(Prefix=prefix, Delimiter="/"):
            found.extend(each["Prefix"] for each in page.get("CommonPrefixes", []))
        return found

    async def read(self, key: str) -> bytes | None:
        """Return the object's content; None if it doesn't exist, or is too large to be ours."""
        try:
            response = await self._client.get_object(Bucket=self._bucket, Key=key)
        except self._client.exceptions.NoSuchKey:
            return None
        if response["ContentLength"] > MAX_INFO_BYTES:
            return None
        return await response["Body"].read()

    async def abort_uploads(self, key: str) -> int:
        """Abort all unfinished uploads in parts of the key; return their number. Safe to repeat."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=key)
        upload_ids = [
            upload["UploadId"] async for page in pages for upload in page.get("Uploads", []) if upload["Key"] == key
        ]
        await bounded_gather((self._abort(key, each) for each in upload_ids), limit=MAX_CONCURRENCY)
        return len(upload_ids)

    async def _abort(self, key: str, upload_id: str) -> None:
        try:
            await self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
        except self._client.exceptions.NoSuchUpload:
            return  # it was completed or aborted meanwhile

    async def _pages(self, **request: Any) -> AsyncIterator[Mapping[str, Any]]:  # noqa: ANN401 -- a client's arguments
        async for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, **request):
            yield page

    async def _delete(self, versions: Sequence[Version]) -> None:
        """Remove up to a thousand versions."""
        listed = [each for each in versions if not _NOT_IN_XML.search(each["Key"])]
        single = [each for each in versions if _NOT_IN_XML.search(each["Key"])]
        for each in single:
            await self._client.delete_object(Bucket=self._bucket, Key=each["Key"], VersionId=each["VersionId"])
        if not listed:
            return
        request: Any = {"Objects": listed, "Quiet": True}
        response = await self._client.delete_objects(Bucket=self._bucket, Delete=request)
        for failed in response.get("Errors", []):
            raise _error(failed)


class _Removals:
    """Requests that remove a page of objects each, a few at a time, while the next page is read."""

    def __init__(self, delete: Callable[[Sequence[Version]], Any]) -> None:
        self._delete = delete
        self._slots = asyncio.Semaphore(MAX_CONCURRENCY)
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[BaseException] = []

    async def __aenter__(self) -> Self:
        return self

    async def add(self, versions: Sequence[Version]) -> None:
        """Start the removal, once one of the earlier ones has ended; raise the error of one that failed."""
        self._raise()
        if not versions:
            return
        await self._slots.acquire()
        task = asyncio.create_task(self._run(versions))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, versions: Sequence[Version]) -> None:
        try:
            await self._delete(versions)
        except Exception as error:  # noqa: BLE001 -- raised again by the next call
            self._errors.append(error)
        finally:
            self._slots.release()

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._raise()

    def _raise(self) -> None:
        if self._errors:
            raise self._errors[0]


def _versions(page: Mapping[str, Any]) -> list[Version]:
    listed = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in listed]


def _error(failed: Mapping[str, Any]) -> ClientError:
    """Return the error of one object in a response of status 200, in the form of a failed call."""
    code = str(failed.get("Code", "InternalError"))
    status = _STATUS_OF_CODE.get(code, 400)
    error = {"Code": code, "Message": str(failed.get("Message", ""))}
    return ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}, "DeleteObjects")  # type: ignore[typeddict-item]  # the two fields that callers read
