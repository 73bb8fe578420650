"""Reads inputs from S3 and writes outputs to it. Turns S3's errors into a job's."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from mediaconvert_emulator.errors import AccessDenied, JobError, LocationNotFound, Unknown
from mediaconvert_emulator.naming import Location, content_type
from mediaconvert_emulator.package import Upload

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

CHUNK_BYTES = 1 << 20

Counted = Callable[[int], None]


class Storage:
    """S3, as jobs see it."""

    def __init__(self, s3: "S3Client", *, upload_concurrency: int) -> None:
        self._s3 = s3
        self._upload_concurrency = upload_concurrency

    async def download(self, location: Location, to: Path, report: Callable[[int, int], None]) -> None:
        """Write the object at `location` to the file `to`; `report` gets bytes done and bytes in all.

        Raises:
            JobError: it isn't there (1404), may not be read (1401), or S3 failed (1999).
        """
        try:
            answer = await self._s3.get_object(Bucket=location.bucket, Key=location.key)
            size, done = answer["ContentLength"], 0
            with to.open("wb") as file:
                async for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                    await asyncio.to_thread(file.write, chunk)
                    done += len(chunk)
                    report(done, size)
        except (ClientError, BotoCoreError) as error:
            raise input_error(location, error) from error

    async def upload(self, uploads: tuple[Upload, ...], report: Counted) -> None:
        """Write all `uploads`, some at a time; `report` gets the bytes of each piece done.

        Raises:
            JobError: the bucket isn't there (1404), may not be written (1401), or S3 failed (1999).
        """
        slots = asyncio.Semaphore(self._upload_concurrency)

        async def one(upload: Upload) -> None:
            async with slots:
                await self._upload(upload, report)

        tasks = [asyncio.create_task(one(upload)) for upload in uploads]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _upload(self, upload: Upload, report: Counted) -> None:
        place, kind = upload.location, content_type(upload.location.key)
        try:
            if isinstance(upload.source, Path):
                await self._s3.upload_file(
                    str(upload.source), place.bucket, place.key, ExtraArgs={"ContentType": kind}, Callback=report
                )
            else:
                body = upload.source.encode()
                await self._s3.put_object(Bucket=place.bucket, Key=place.key, Body=body, ContentType=kind)
                report(len(body))
        except (ClientError, BotoCoreError) as error:
            raise output_error(place, error) from error


def input_error(location: Location, error: Exception) -> JobError:
    """The job's error for an input that S3 didn't give."""
    kind, reason = _meaning(error)
    return kind(f"Unable to open input file [{location.uri}]: [Failed probe/open: [Failed to read data: {reason}]]")


def output_error(location: Location, error: Exception) -> JobError:
    """The job's error for an output that S3 didn't take."""
    kind, reason = _meaning(error)
    return kind(f"Unable to write to output file [{location.uri}]: [Failed to write data: {reason}]")


def _meaning(error: Exception) -> tuple[type[JobError], str]:
    if not isinstance(error, ClientError):
        return Unknown, type(error).__name__  # its message can name local addresses
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    match code, status:
        case "NoSuchKey" | "NoSuchBucket" | "404", _:
            return LocationNotFound, "Not Found" if code == "404" else code
        case _, 401 | 403:
            return AccessDenied, "Access Denied"
        case _, 404:
            return LocationNotFound, "Not Found"
        case _:
            return Unknown, code or "S3 request failed"
