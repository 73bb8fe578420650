"""Reconciliation as a Lambda function: one event loop and one set of AWS clients, for the life of its container.

The schedule starts each pass. Passes may overlap, so this module needs no lease.
"""

from typing import Any

from worker.assembly import open_handler
from worker.lambda_runtime import LambdaRuntime
from worker.reconcile.assembly import MAX_QUIET_S, open_reconciler, reconcile_once
from worker.reconcile.reconciler import Reconciler
from worker.settings import WorkerSettings


class ScheduledReconciliation:
    """The handler of invocations. Call it only in the thread that created it."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._lookback_s = settings.reconcile_lookback_s
        self._runtime = LambdaRuntime(settings)
        self._reconciler = self._runtime.run(self._open(settings))

    def __call__(self, _event: object, _context: object) -> dict[str, Any]:
        """Reconcile once, and return the counts; the event and the context aren't used.

        Raises:
            Exception: MediaConvert's list can't be read; the next pass tries again.
        """
        return dict(self._runtime.run(reconcile_once(self._reconciler, lookback_s=self._lookback_s)).as_mapping())

    async def _open(self, settings: WorkerSettings) -> Reconciler:
        quiet_s = min(MAX_QUIET_S, settings.reconcile_interval_s or MAX_QUIET_S)
        handler = await open_handler(self._runtime.aws, settings)
        return await open_reconciler(self._runtime.aws, settings, handler, quiet_s=quiet_s)
