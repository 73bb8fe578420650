"""CloudFront's invalidations: the removal of a deleted upload's outputs from the caches.

Deletions that end at about the same time share a request. No AWS type passes this boundary.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from transcode.permissions import Resource, allow
from worker.deletion.invalidation_paths import caller_reference, invalidation_path, merged_paths

PERMISSIONS = allow("cloudfront:CreateInvalidation", on=[Resource.DISTRIBUTION])

MERGE_S = 0.5
"""Seconds for which the first deletion waits for others that share its request."""


class TooManyInvalidationsError(Exception):
    """As many invalidations are in progress as CloudFront allows; later ones succeed."""


class Invalidations:
    """Requests invalidations of one distribution; without a distribution, it does nothing."""

    def __init__(
        self,
        open_client: Callable[[], Awaitable[Any]],
        *,
        distribution_id: str | None,
        merge_s: float = MERGE_S,
    ) -> None:
        self._open_client = open_client
        self._client: Any = None
        self._distribution_id = distribution_id
        self._merge_s = merge_s
        self._waiting: dict[str, str] = {}
        self._sending: asyncio.Task[None] | None = None

    async def invalidate(self, output_prefix: str, *, requested_s: int) -> None:
        """Invalidate everything below an upload's outputs. A repeated call for the same deletion costs nothing.

        Raises:
            TooManyInvalidationsError: Too many are in progress; a later call succeeds.
        """
        if self._distribution_id is None:
            return
        path = invalidation_path(output_prefix)
        self._waiting[path] = f"{path} {requested_s}"
        if self._sending is None:
            self._sending = asyncio.create_task(self._send(self._distribution_id), name="invalidate")
        await asyncio.shield(self._sending)

    async def _send(self, distribution_id: str) -> None:
        await asyncio.sleep(self._merge_s)
        paths, requests = list(self._waiting), list(self._waiting.values())
        self._waiting.clear()
        self._sending = None  # a deletion that comes while this request is sent needs the next one
        if self._client is None:
            self._client = await self._open_client()
        items = merged_paths(paths)
        try:
            await self._client.create_invalidation(
                DistributionId=distribution_id,
                InvalidationBatch={
                    "Paths": {"Quantity": len(items), "Items": items},
                    "CallerReference": caller_reference(requests),
                },
            )
        except self._client.exceptions.TooManyInvalidationsInProgress as error:
            raise TooManyInvalidationsError from error
