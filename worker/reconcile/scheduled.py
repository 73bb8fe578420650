"""Reconciliation as a Lambda function: one event loop and one set of AWS clients, for the container's life.

The schedule decides when; passes may overlap, so nothing here asks whose turn it is.
"""

from typing import Any

from worker.assembly import open_handler
from worker.lambda_runtime import LambdaRuntime
from worker.reconcile.assembly import LONGEST_QUIET_S, once, open_reconciler
from worker.reconcile.reconciler import Reconciler
from worker.settings import WorkerSettings


class ScheduledReconciliation:
    """Handles invocations, in the thread that made it."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._lookback_s = settings.reconcile_lookback_s
        self._runtime = LambdaRuntime(settings)
        self._reconciler = self._runtime.run(self._open(settings))

    def __call__(self, _event: object, _context: object) -> dict[str, Any]:
        """Reconcile once, and return the tally; what invokes it says nothing of interest.

        Raises:
            Exception: MediaConvert's list can't be had; the next pass will have it.
        """
        return dict(self._runtime.run(once(self._reconciler, lookback_s=self._lookback_s)).as_mapping())

    async def _open(self, settings: WorkerSettings) -> Reconciler:
        quiet_s = min(LONGEST_QUIET_S, settings.reconcile_interval_s or LONGEST_QUIET_S)
        handler = await open_handler(self._runtime.aws, settings)
        return await open_reconciler(self._runtime.aws, settings, handler, quiet_s=quiet_s)
