"""Reconciliation as a Lambda function: one event loop and one set of AWS clients, for the life of its container.

The schedule starts each pass. A lease excludes a pass that still runs, and a worker's.
"""

import time
from typing import Any

from worker.assembly import open_handler
from worker.lambda_runtime import LambdaRuntime
from worker.reconcile.assembly import lease_s, open_pass
from worker.reconcile.exclusive import run_exclusively
from worker.reconcile.open_pass import OpenPass
from worker.settings import WorkerSettings


class ScheduledReconciliation:
    """The handler of invocations. Call it only in the thread that created it."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._lease_s = lease_s(settings)
        self._runtime = LambdaRuntime(settings)
        self._pass = self._runtime.run(self._open(settings))

    def __call__(self, _event: object, _context: object) -> dict[str, Any]:
        """Reconcile once, and return the counts; none if another pass runs. The event and the context aren't used.

        Raises:
            Exception: The index can't be read, or MediaConvert doesn't respond; the next pass tries again.
        """
        key_table = self._pass.repairer.key_table
        counts = self._runtime.run(run_exclusively(self._pass, key_table, lease_s=self._lease_s, clock=time.time))
        return dict(counts.as_mapping()) if counts else {}

    async def _open(self, settings: WorkerSettings) -> OpenPass:
        handler = await open_handler(self._runtime.aws, settings)
        return await open_pass(self._runtime.aws, settings, handler, quiet_s=None)
