"""What the routes stand on: the tables and the bucket, opened once for the app's life."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from service.settings import ServiceSettings
from service.uploads import UploadBucket
from transcode.aws import open_aws
from transcode.dynamodb import Lifetimes
from transcode.errors import AwsUnavailableError
from transcode.lookup import LookupTable
from transcode.status import StatusTable

PROBE_KEY = "readyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The app's tables and bucket."""

    settings: ServiceSettings
    statuses: StatusTable
    lookups: LookupTable
    bucket: UploadBucket

    async def check(self) -> None:
        """Return if all of them answer.

        Raises:
            AwsUnavailableError: One doesn't, or isn't there.
        """
        try:
            await asyncio.gather(
                self.statuses.get(PROBE_KEY, now_s=0), self.lookups.get(PROBE_KEY, now_s=0), self.bucket.check()
            )
        except (BotoCoreError, ClientError) as error:
            raise AwsUnavailableError(f"Not ready: {type(error).__name__}.") from error


@asynccontextmanager
async def open_resources(settings: ServiceSettings) -> AsyncIterator[Resources]:
    """Give the app's tables and bucket, and close them at the end."""
    lifetimes = Lifetimes(changed_s=settings.status_ttl_s, waiting_s=settings.output_ttl_s)
    async with open_aws(region=settings.aws_region, endpoint_url=settings.aws_endpoint_url) as aws:
        dynamodb = await aws.dynamodb()
        s3 = await aws.s3()
        public = settings.s3_public_endpoint_url
        yield Resources(
            settings=settings,
            statuses=StatusTable(dynamodb, settings.status_table, lifetimes),
            lookups=LookupTable(dynamodb, settings.input_file_table, lifetimes),
            bucket=UploadBucket(s3, await aws.s3(endpoint_url=public) if public else s3, settings.input_bucket),
        )
