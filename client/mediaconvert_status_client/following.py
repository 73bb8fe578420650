"""Follows one file or job to its end: over Server-Sent Events, or with long polls where a stream doesn't work."""

import asyncio
import codecs
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import cast
from urllib.parse import quote

import httpx

from mediaconvert_status_client.api_types import Job
from mediaconvert_status_client.errors import (
    ClientError,
    RefusedError,
    UploadMissingError,
    api_error,
    unreachable_error,
)
from mediaconvert_status_client.event_stream import EventStreamParser

FINAL_STATUSES = frozenset({"COMPLETE", "ERROR", "CANCELED"})
MAX_OUTAGE_S = 60
"""Longest time without a response of the API, after which the following ends with the last error."""
STREAM_TIMEOUT_S = 40
"""The service sends a comment every 15 s: if a stream is silent for this long, something between holds it back."""
FIRST_BYTE_TIMEOUT_S = 8
"""If a stream sends nothing for this long at its start, a proxy buffers it, and polling is faster."""
POLLING_S = 60
"""Time to poll before the next attempt to open a stream."""
LONG_POLL_S = 20
POLL_S = 1.0
MAX_PAUSE_S = 15


class Following:
    """The changes of one file's newest job, or of one job."""

    def __init__(
        self,
        api: httpx.AsyncClient,
        *,
        input_file: str | None = None,
        job_id: str | None = None,
        arrives_within_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`arrives_within_s` ends the wait for an upload that doesn't arrive; None waits as long as the caller."""
        self._api = api
        self._query = {"input_file": input_file} if job_id is None else {"job_id": job_id}
        self._arrives_within_s = arrives_within_s
        self._clock = clock
        self._sleep = sleep
        self._began_s = self._reached_s = clock()
        self._no_streams_until_s = self._no_long_polls_until_s = clock()
        self._last: Job | None = None
        self._event_id: str | None = None
        self._etag = ""
        self._failures = 0

    async def jobs(self) -> AsyncIterator[Job]:
        """Yield the present state and each change of it, until it is final.

        Raises:
            ApiError: it doesn't exist, belongs to another caller, or the API refused the requests in another way.
            UnreachableError: the API could not be reached for a minute.
            ClientError: the upload didn't arrive in time.
        """
        while self._last is None or self._last["status"] not in FINAL_STATUSES:
            try:
                async with aclosing(self._round()) as states:
                    async for job in states:
                        self._failures = 0
                        if job != self._last:
                            self._last = job
                            yield job
            except (ClientError, httpx.TransportError, TimeoutError) as error:
                await self._recover(error)

    def last_job(self) -> Job:
        """Return the newest state, which is final when `jobs` has ended."""
        assert self._last is not None  # noqa: S101 -- `jobs` yields at least one state
        return self._last

    def _round(self) -> AsyncGenerator[Job, None]:
        return self._stream() if self._clock() >= self._no_streams_until_s else self._poll()

    async def _stream(self) -> AsyncGenerator[Job, None]:
        """Yield the events of one stream, until the service ends it."""
        parser = EventStreamParser()
        headers = {"Last-Event-ID": self._event_id} if self._event_id else {}
        timeout = httpx.Timeout(30, read=STREAM_TIMEOUT_S)
        async with self._api.stream("GET", "/events", params=self._query, headers=headers, timeout=timeout) as response:
            if not response.is_success:
                await response.aread()
                raise api_error(response)
            async for text in _texts(response):
                self._is_reached()
                for event in parser.feed(text):
                    self._event_id = event.id or self._event_id
                    if event.name == "progress":
                        yield cast("Job", json.loads(event.data))
        if response.status_code == httpx.codes.NO_CONTENT:  # every state that the client has is final
            yield await self._get_job()
        elif self._last is not None and self._last["status"] not in FINAL_STATUSES:
            await self._sleep(1.0 if parser.retry_ms is None else parser.retry_ms / 1000)

    async def _poll(self) -> AsyncGenerator[Job, None]:
        """Yield the present state, and wait until it has probably changed."""
        job = await self._get_job()
        self._is_reached()
        yield job
        if job["status"] in FINAL_STATUSES:
            return
        if job["job_id"] is not None and self._clock() >= self._no_long_polls_until_s:
            headers = {"If-None-Match": self._etag} if self._etag else {}
            path = f"/jobs/{quote(job['job_id'], safe='')}/progress"
            response = await self._api.get(path, params={"wait_s": LONG_POLL_S}, headers=headers)
            if not response.is_success and response.status_code != httpx.codes.NOT_MODIFIED:
                raise api_error(response)
            self._etag = response.headers.get("ETag", "")
        await self._sleep(POLL_S)

    async def _get_job(self) -> Job:
        job_id = self._query.get("job_id")
        path = "/jobs" if job_id is None else f"/jobs/{quote(job_id, safe='')}"
        response = await self._api.get(path, params=self._query if job_id is None else None)
        if not response.is_success:
            raise api_error(response)
        return cast("Job", response.json())

    def _is_reached(self) -> None:
        """Record that the API responds.

        Raises:
            ClientError: the upload is still missing at the end of its time.
        """
        self._reached_s = self._clock()
        is_waiting = self._last is not None and self._last["status"] == "AWAITING_UPLOAD"
        limit_s = self._arrives_within_s
        if is_waiting and limit_s is not None and self._reached_s - self._began_s > limit_s:
            raise UploadMissingError(f"no job was created within {limit_s:.0f} s; the worker's log has the reason")

    async def _recover(self, error: ClientError | httpx.TransportError | TimeoutError) -> None:
        """Choose between streaming and polling, and wait before the next attempt.

        Raises:
            ClientError: another attempt would not help.
        """
        self._failures += 1
        now_s = self._clock()
        retry_after_s = error.retry_after_s if isinstance(error, RefusedError) else 0
        if isinstance(error, RefusedError) and error.status == httpx.codes.NOT_IMPLEMENTED:
            self._no_streams_until_s = float("inf")
            return
        if isinstance(error, RefusedError) and error.code.startswith("too_many_streams"):
            self._no_streams_until_s = now_s + max(retry_after_s, POLL_S)
            return
        if isinstance(error, TimeoutError | httpx.ReadTimeout) or self._failures > 1:
            self._no_streams_until_s = now_s + POLLING_S  # a proxy may break streams only
        if isinstance(error, RefusedError) and error.code.startswith("too_many_long_polls"):
            self._no_long_polls_until_s = now_s + max(retry_after_s, POLLING_S)
        is_temporary = not isinstance(error, ClientError) or error.is_temporary
        if not is_temporary or now_s - self._reached_s > MAX_OUTAGE_S:
            if isinstance(error, ClientError):
                raise error
            raise _unreachable(error, self._api) from error
        await self._sleep(max(retry_after_s, min(MAX_PAUSE_S, 0.25 * 2**self._failures)))


async def _texts(response: httpx.Response) -> AsyncIterator[str]:
    """Yield the decoded chunks of a stream; the first one must arrive soon.

    httpx's own lines also end at separators of Unicode, which JSON may contain.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    chunks = aiter(response.aiter_bytes())
    async with asyncio.timeout(FIRST_BYTE_TIMEOUT_S):
        first = await anext(chunks, b"")
    yield decoder.decode(first)
    async for chunk in chunks:
        yield decoder.decode(chunk)


def _unreachable(error: httpx.TransportError | TimeoutError, api: httpx.AsyncClient) -> ClientError:
    cause = error if isinstance(error, httpx.TransportError) else httpx.ReadTimeout("no response in time")
    return unreachable_error(cause, api.base_url)
