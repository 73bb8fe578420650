"""The Lambda function `worker.lambda_reconcile.handler`, for an EventBridge schedule; it ignores the event."""

from transcode.gc_tuning import paused_during_start

with paused_during_start():
    from transcode.startup import start
    from worker.reconcile.scheduled import ScheduledReconciliation
    from worker.settings import WorkerSettings

    handler = ScheduledReconciliation(start(WorkerSettings, process="worker"))
