"""The app's resources: the clock, and the tables, buckets and readers, opened once for the app's life."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from service.aws.cancel_requests import CancelRequests
from service.aws.delete_requests import DeleteRequests
from service.aws.idempotency_keys import IdempotencyKeys
from service.aws.job_requests import JobRequests
from service.aws.lazy_client import LazyClient
from service.aws.multipart import MultipartBucket
from service.aws.presigned import UploadBucket
from service.aws.unfinished_bytes import UnfinishedBytes
from service.live.batch_get import BatchGet
from service.live.event_stream import as_event
from service.live.heartbeats import Heartbeats
from service.live.hub import Hub
from service.live.job_json_cache import JobJsonCache
from service.live.limits import caller_limit, capacity
from service.live.memory_limit import memory_bytes, open_files
from service.live.poll_ledger import PollLedger
from service.live.queue_figures_cache import QueueFiguresCache
from service.live.reader import JobReader
from service.live.search_limit import SearchLimit
from service.live.slots import Slots
from service.live.upload_index import UploadIndex
from service.settings import ServiceSettings
from service.views.followed import FileKey, Followed, Key
from transcode.aws import Aws
from transcode.deletion_marks import DeletionMarks
from transcode.errors import AwsUnavailableError
from transcode.job_view import JobView, file_view
from transcode.lookup_table import LookupTable
from transcode.queue_table import QueueTable
from transcode.startup import aws_of
from transcode.status_table import StatusTable

if TYPE_CHECKING:
    from service.playback.cookies import PlaybackCookies

PROBE_KEY = "readyz"
"""The key of a row that never exists, which the readiness check reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The app's clock, tables, buckets and readers. `clock` returns Unix seconds."""

    settings: ServiceSettings
    clock: Callable[[], float]
    statuses: StatusTable
    lookups: LookupTable
    bucket: UploadBucket
    multipart: MultipartBucket
    unfinished: UnfinishedBytes
    uploads: UploadIndex
    searches: SearchLimit
    idempotency: IdempotencyKeys
    cancels: CancelRequests
    deletes: DeleteRequests
    deletion_marks: DeletionMarks
    requests: JobRequests
    reader: JobReader
    hub: Hub
    heartbeats: Heartbeats
    streams: Slots
    long_polls: Slots
    job_json: JobJsonCache
    poll_ledger: PollLedger | None
    open_cookies: "Callable[[], Awaitable[PlaybackCookies]] | None"
    cookies: "PlaybackCookies | None" = None
    """None without access control of playback, and until `with_secrets`."""

    async def with_secrets(self) -> "Resources":
        """Return the resources with the parts that need secrets, which are in Secrets Manager or in the settings.

        Raises:
            PlaybackKeyError: The private key of playback cookies can't be read or used.
        """
        return self if self.open_cookies is None else replace(self, cookies=await self.open_cookies())

    def now_s(self) -> int:
        """Return the time in whole Unix seconds."""
        return int(self.clock())

    def now_ms(self) -> int:
        """Return the time in whole Unix milliseconds."""
        return int(self.clock() * 1000)

    async def job_of(self, input_file: str) -> JobView:
        """Return the newest job of a file as callers see it. Without a job, it has the status of the file."""
        followed = await self.reader.follow(FileKey(input_file))
        return file_view(
            followed.job,
            followed.lookup,
            place=followed.place,
            now_ms=self.now_ms(),
            playback_base_url=self.settings.playback_base_url,
        )

    async def check(self) -> None:
        """Return if both tables and the bucket respond.

        Raises:
            AwsUnavailableError: One of them doesn't respond or doesn't exist.
        """
        try:
            await asyncio.gather(
                self.statuses.get(PROBE_KEY, now_s=0), self.lookups.get(PROBE_KEY, now_s=0), self.bucket.check()
            )
        except (BotoCoreError, ClientError) as error:
            raise AwsUnavailableError(f"Not ready: {type(error).__name__}.") from error


@asynccontextmanager
async def open_resources(
    settings: ServiceSettings, *, clock: Callable[[], float] = time.time, in_threads: bool = False
) -> AsyncIterator[Resources]:
    """Yield the app's resources without secrets, and close them at the end. This makes no call.

    `clock` returns Unix seconds. `in_threads` chooses the AWS clients that start faster, and serve few requests at
    once.
    """
    lifetimes = settings.lifetimes
    async with (
        aws_of(settings, in_threads=in_threads) as aws,
        AsyncExitStack() as stack,
    ):
        dynamodb = await aws.dynamodb()
        s3, sqs = LazyClient(aws.s3), LazyClient(aws.sqs)
        public_url = settings.s3_public_endpoint_url
        public_s3 = LazyClient(partial(aws.s3, endpoint_url=public_url)) if public_url else s3
        statuses = StatusTable(dynamodb, settings.status_table, lifetimes)
        batch_get = BatchGet(
            dynamodb, status_table=settings.status_table, lookup_table=settings.input_file_table, clock=clock
        )
        figures = QueueFiguresCache(QueueTable(dynamodb, settings.status_table, ttl_s=settings.status_ttl_s))
        reader = JobReader(batch_get, statuses, figures, fresh_s=settings.fresh_s, clock=clock)
        hub = Hub(
            reader,
            partial(_serialize, settings, clock),
            tick_s=settings.tick_s,
            interval_s=settings.status_update_interval_s,
            clock=clock,
        )
        held = capacity(memory_bytes=memory_bytes(), open_files=open_files())
        stack.push_async_callback(reader.close)
        stack.push_async_callback(hub.close)
        yield Resources(
            settings=settings,
            clock=clock,
            statuses=statuses,
            reader=reader,
            hub=hub,
            heartbeats=Heartbeats(interval_s=settings.heartbeat_s),
            streams=_slots(settings.max_streams or held.streams, settings.max_streams_per_caller),
            long_polls=_slots(settings.max_long_polls or held.long_polls, settings.max_long_polls_per_caller),
            job_json=JobJsonCache(settings.playback_base_url),
            poll_ledger=PollLedger(dynamodb, settings.status_table, concurrency=settings.function_concurrency)
            if settings.function_concurrency
            else None,
            open_cookies=_cookies_opener(aws, settings),
            lookups=LookupTable(dynamodb, settings.input_file_table, lifetimes),
            bucket=UploadBucket(s3, public_s3, settings.input_bucket),
            multipart=MultipartBucket(s3, public_s3, settings.input_bucket),
            unfinished=UnfinishedBytes(dynamodb, settings.input_file_table, max_bytes=settings.max_unfinished_bytes),
            uploads=UploadIndex(dynamodb, settings.input_file_table),
            searches=SearchLimit(),
            idempotency=IdempotencyKeys(dynamodb, settings.input_file_table),
            deletes=DeleteRequests(sqs, queue_url=settings.job_events_queue_url, bucket=settings.input_bucket),
            deletion_marks=DeletionMarks(
                dynamodb, lookup_table=settings.input_file_table, status_table=settings.status_table
            ),
            cancels=CancelRequests(sqs, queue_url=settings.job_events_queue_url, bucket=settings.input_bucket),
            requests=JobRequests(sqs, queue_url=settings.uploads_queue_url, bucket=settings.input_bucket),
        )


def _slots(limit: int, per_caller: int | None) -> Slots:
    return Slots(limit, per_caller=per_caller or caller_limit(limit))


def _serialize(
    settings: ServiceSettings, clock: Callable[[], float], key: Key, followed: Followed
) -> tuple[bytes, str]:
    return as_event(key, followed, now_ms=int(clock() * 1000), playback_base_url=settings.playback_base_url)


def _cookies_opener(aws: Aws, settings: ServiceSettings) -> "Callable[[], Awaitable[PlaybackCookies]] | None":
    key_pair_id, base_url = settings.playback_key_pair_id, settings.playback_base_url
    if key_pair_id is None or base_url is None:
        return None
    from service.aws.playback_secret import open_signer  # noqa: PLC0415
    from service.playback.cookies import PlaybackCookies  # noqa: PLC0415 -- imports cryptography

    async def open_cookies() -> PlaybackCookies:
        signer = await open_signer(aws, settings, key_pair_id=key_pair_id)
        return PlaybackCookies(signer, playback_base_url=base_url, ttl_s=settings.playback_cookie_ttl_s)

    return open_cookies
