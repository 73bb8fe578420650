"""Opens botocore's own clients, whose calls run in threads: for Lambda, where a process has one request at a time.

aiobotocore imports aiohttp besides botocore, which is a third of a function's cold start (bench row "Lambda cold
start"). A client is created at its first call, because a cold start needs one or two of them.

Python can't stop a thread. A cancelled call ends later, at the latest after botocore's own timeouts.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from contextvars import copy_context
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session, get_session

from transcode.snapstart import is_snapshotted

if TYPE_CHECKING:
    from transcode.aws import OpenClient

CALLS_AT_ONCE = 16
"""The handler of a batch of ten messages makes fewer; more calls wait for a thread."""


def threaded_clients(stack: AsyncExitStack) -> "OpenClient":
    """Return a function that opens clients of one session and one pool of threads."""
    session, lock = get_session(), Lock()  # a session must not create two clients at once
    pool = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="aws")
    stack.callback(pool.shutdown, wait=False, cancel_futures=True)

    async def open_client(service: str, options: Mapping[str, Any], *, region: str, endpoint_url: str | None) -> object:
        if is_snapshotted():
            _read_models(session, service)
        create = partial(
            session.create_client, service, region_name=region, config=Config(**options), endpoint_url=endpoint_url
        )
        return ThreadedClient(create, pool=pool, lock=lock)

    return open_client


def _read_models(session: Session, service: str) -> None:
    """Read the files from which botocore creates a client: most of the time of the first call after the snapshot."""
    loader = session.get_component("data_loader")
    for name in ("endpoints", "partitions", "sdk-default-configuration"):
        loader.load_data(name)
    for kind in ("service-2", "endpoint-rule-set-1"):
        loader.load_service_model(service, kind, api_version=None)  # botocore caches by these very arguments


class ThreadedClient:
    """A botocore client whose operations are awaited. It has the methods of an aiobotocore client that we use."""

    def __init__(self, create: Callable[[], Any], *, pool: ThreadPoolExecutor, lock: Lock) -> None:
        self._create = create
        self._pool = pool
        self._lock = lock
        self._created: Any = None

    @property
    def exceptions(self) -> Any:  # noqa: ANN401 -- botocore has no types
        """The exceptions of the service, by name."""
        return self._client().exceptions

    @property
    def meta(self) -> Any:  # noqa: ANN401 -- botocore has no types
        """The client's own data, with its events."""
        return self._client().meta

    def get_paginator(self, operation: str) -> "ThreadedPaginator":
        """Return the paginator of an operation."""
        return ThreadedPaginator(partial(self._run, self._get_pages, operation), self._run)

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        """Return the operation as a coroutine function."""
        return partial(self._run, self._call, operation)

    def _client(self) -> Any:  # noqa: ANN401 -- botocore has no types
        if self._created is None:
            with self._lock:
                if self._created is None:
                    created = self._create()
                    # botocore creates the exceptions' classes at their first use, without a lock: two threads could get
                    # different ones, and then an error that a store handles is not of the class that it handles.
                    created.exceptions  # noqa: B018
                    self._created = created
        return self._created

    def _call(self, operation: str, *args: Any, **params: Any) -> Any:  # noqa: ANN401 -- botocore has no types
        return getattr(self._client(), operation)(*args, **params)

    def _get_pages(self, operation: str, **params: Any) -> Any:  # noqa: ANN401 -- botocore has no types
        return iter(self._client().get_paginator(operation).paginate(**params))

    async def _run(self, function: Callable[..., Any], *args: Any, **params: Any) -> Any:  # noqa: ANN401
        """Return the result of the function in a thread, with the caller's context, so that a trace has its parent."""
        call = partial(copy_context().run, function, *args, **params)
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)


class ThreadedPaginator:
    """The pages of a list, each of which is awaited."""

    def __init__(self, get_pages: Callable[..., Awaitable[Any]], run: Callable[..., Awaitable[Any]]) -> None:
        self._get_pages = get_pages
        self._run = run

    async def paginate(self, **params: Any) -> AsyncIterator[Any]:  # noqa: ANN401 -- botocore's parameters
        """Yield the pages."""
        pages = await self._get_pages(**params)
        while (page := await self._run(next, pages, None)) is not None:
            yield page
