"""The operation Probe: the properties of files, without a job."""

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mediaconvert_emulator.errors import (
    BadRequestException,
    ForbiddenException,
    InternalServerErrorException,
    NotFoundException,
    UnprocessableEntityException,
)
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.naming import parse_s3_uri
from mediaconvert_emulator.probe_process import (
    MediaUnreadable,
    ProbeCrashed,
    ProbeLimits,
    ProbeProcess,
    ProbeTimedOut,
    UrlUnreadable,
)
from mediaconvert_emulator.request_validation import check_request

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

FILE_URL = re.compile(r"s3://[^/]+/.+|https?://[^/].*", re.DOTALL)
URL_TTL_S = 300
CONCURRENCY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOperation:
    """Reads the headers of files in S3 and at http and https URLs, each in a child process."""

    s3: "S3Client"
    limits: ProbeLimits
    slots: asyncio.Semaphore

    async def run(self, body: JsonObject) -> JsonObject:
        """Perform Probe.

        Raises:
            ApiError: A file doesn't exist (404), can't be read (403), or is not media (422).
        """
        check_request("Probe", body)
        urls = [file.get("fileUrl") for file in body.get("inputFiles") or []]
        if not urls:
            raise BadRequestException("/inputFiles: Should have at least 1 items")
        for index, url in enumerate(urls):
            if not url:
                raise BadRequestException(f"/inputFiles/{index}: fileUrl is a required property")
            if not FILE_URL.fullmatch(url):
                raise BadRequestException(f"/inputFiles/{index}/fileUrl: Should be an s3, http or https URL of a file")
        return {"probeResults": list(await asyncio.gather(*(self._probe(str(url)) for url in urls)))}

    async def _probe(self, file_url: str) -> dict[str, Any]:
        async with self.slots, ProbeProcess(self.limits) as process:
            try:
                return await process.headers(await self._readable_url(file_url))
            except MediaUnreadable as error:
                message = f"Unable to open input file [{file_url}]: [Failed probe/open: [{error}]]"
                raise UnprocessableEntityException(message) from error
            except UrlUnreadable as error:
                raise _url_error(file_url, error.status) from error
            except ProbeTimedOut as error:
                raise InternalServerErrorException(f"Probing [{file_url}] took too long") from error
            except ProbeCrashed as error:
                raise InternalServerErrorException(f"Probing [{file_url}] failed") from error

    async def _readable_url(self, file_url: str) -> str:
        if not file_url.startswith("s3://"):
            return file_url
        location = parse_s3_uri(file_url)
        try:  # no process starts for an object that doesn't exist
            async with asyncio.timeout(self.limits.timeout_s):
                await self.s3.head_object(Bucket=location.bucket, Key=location.key)
        except TimeoutError as error:
            raise ProbeTimedOut(f"no response within {self.limits.timeout_s:g} s") from error
        except ClientError as error:
            raise UrlUnreadable(error.response["ResponseMetadata"]["HTTPStatusCode"]) from error
        url: str = await self.s3.generate_presigned_url(
            "get_object", Params={"Bucket": location.bucket, "Key": location.key}, ExpiresIn=URL_TTL_S
        )
        return url


def _url_error(file_url: str, status: int | None) -> Exception:
    match status:
        case HTTPStatus.NOT_FOUND:
            return NotFoundException(f"Unable to open input file [{file_url}]: [Not Found]")
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return ForbiddenException(f"Unable to open input file [{file_url}]: [Access Denied]")
        case HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:  # an empty file
            return UnprocessableEntityException(f"Unable to open input file [{file_url}]: [The file is empty]")
        case _:
            return BadRequestException(f"Unable to open input file [{file_url}]: [HTTP status {status}]")
