"""Downloads inputs from S3 and uploads outputs to it. Translates S3's errors into job errors."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from mediaconvert_emulator.errors import AccessDenied, JobError, LocationNotFound, UnknownJobError
from mediaconvert_emulator.naming import S3Location, content_type
from mediaconvert_emulator.output_report import OutputFile

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

CHUNK_BYTES = 1 << 20

UploadCallback = Callable[[int], None]
DownloadCallback = Callable[[int, int], None]
FoundCallback = Callable[[], Awaitable[object]]


async def _do_nothing() -> None:
    """Wait for nothing."""


class Storage:
    """The S3 operations of a job."""

    def __init__(self, s3: "S3Client", *, upload_concurrency: int) -> None:
        self._s3 = s3
        self._upload_concurrency = upload_concurrency

    async def download(
        self, location: S3Location, path: Path, on_bytes: DownloadCallback, *, on_found: FoundCallback = _do_nothing
    ) -> None:
        """Download an object to a file.

        Args:
            location: The object.
            path: The file to write.
            on_bytes: Is called after each chunk with the bytes done and the total bytes.
            on_found: Is called once S3 has begun to send the object.

        Raises:
            JobError: The object doesn't exist (1404), S3 denies access (1401), or S3 failed (1999).
        """
        try:
            response = await self._s3.get_object(Bucket=location.bucket, Key=location.key)
            total_bytes, done_bytes = response["ContentLength"], 0
            with closing(response["Body"]) as body, path.open("wb") as file:
                await on_found()
                async for chunk in body.iter_chunks(CHUNK_BYTES):
                    await asyncio.to_thread(file.write, chunk)
                    done_bytes += len(chunk)
                    on_bytes(done_bytes, total_bytes)
        except (ClientError, BotoCoreError) as error:
            raise input_error(location, error) from error

    async def upload(self, files: tuple[OutputFile, ...], on_bytes: UploadCallback) -> None:
        """Upload all files, several at a time.

        Args:
            files: The files.
            on_bytes: Is called with the number of bytes of each part that S3 has received.

        Raises:
            JobError: The bucket doesn't exist (1404), S3 denies access (1401), or S3 failed (1999).
        """
        slots = asyncio.Semaphore(self._upload_concurrency)

        async def upload_in_slot(file: OutputFile) -> None:
            async with slots:
                await self._upload(file, on_bytes)

        tasks = [asyncio.create_task(upload_in_slot(file)) for file in files]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _upload(self, file: OutputFile, on_bytes: UploadCallback) -> None:
        bucket, key = file.location.bucket, file.location.key
        arguments: dict[str, Any] = {"ContentType": content_type(key), **dict(file.arguments)}
        try:
            if isinstance(file.source, Path):
                await self._s3.upload_file(str(file.source), bucket, key, ExtraArgs=arguments, Callback=on_bytes)
            else:
                body = file.body(file.source)
                arguments |= {"ContentEncoding": "gzip"} if file.is_compressed else {}
                await self._s3.put_object(Bucket=bucket, Key=key, Body=body, **arguments)
                on_bytes(len(body))
        except (ClientError, BotoCoreError) as error:
            raise output_error(file.location, error) from error


def input_error(location: S3Location, error: Exception) -> JobError:
    """Return the job's error for an input that can't be read from S3."""
    error_class, reason = _classify(error)
    return error_class(
        f"Unable to open input file [{location.uri}]: [Failed probe/open: [Failed to read data: {reason}]]"
    )


def output_error(location: S3Location, error: Exception) -> JobError:
    """Return the job's error for an output that can't be written to S3."""
    error_class, reason = _classify(error)
    return error_class(f"Unable to write to output file [{location.uri}]: [Failed to write data: {reason}]")


def _classify(error: Exception) -> tuple[type[JobError], str]:
    if not isinstance(error, ClientError):
        return UnknownJobError, type(error).__name__  # its message may contain local addresses
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
            return UnknownJobError, code or "S3 request failed"
