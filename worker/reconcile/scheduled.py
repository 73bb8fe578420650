"""Reconciliation as a Lambda function: one event loop and one set of AWS clients, for the container's life.

The schedule decides when; passes may overlap, so nothing here asks whose turn it is.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from transcode import telemetry
from transcode.aws import open_aws
from worker.assembly import open_handler
from worker.reconcile.assembly import LONGEST_QUIET_S, once, open_reconciler
from worker.reconcile.reconciler import Reconciler
from worker.settings import WorkerSettings


class ScheduledReconciliation:
    """Handles invocations. Belongs to the thread that made it, as its event loop does."""

    _reconciler: Reconciler

    def __init__(self, settings: WorkerSettings) -> None:
        self._lookback_s = settings.reconcile_lookback_s
        self._opened = AsyncExitStack()
        self._runner = asyncio.Runner()
        self._runner.run(self._open(settings))

    def __call__(self, _event: object, _context: object) -> dict[str, Any]:
        """Reconcile once, and return the tally; what invokes it says nothing of interest.

        Raises:
            Exception: MediaConvert's list can't be had; the next pass will have it.
        """
        try:
            return dict(self._runner.run(once(self._reconciler, lookback_s=self._lookback_s)).as_mapping())
        finally:
            telemetry.flush()

    def close(self) -> None:
        """Close what was opened. Lambda never does; tests do."""
        self._runner.run(self._opened.aclose())
        self._runner.close()

    async def _open(self, settings: WorkerSettings) -> None:
        aws = await self._opened.enter_async_context(
            open_aws(region=settings.aws_region, endpoint_url=settings.aws_endpoint_url)
        )
        quiet_s = min(LONGEST_QUIET_S, settings.reconcile_interval_s or LONGEST_QUIET_S)
        handler = await open_handler(aws, settings)
        self._reconciler = await open_reconciler(aws, settings, handler, quiet_s=quiet_s)
