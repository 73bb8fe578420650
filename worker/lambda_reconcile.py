"""The Lambda function `worker.lambda_reconcile.handler`, for a schedule of EventBridge's. Its event doesn't matter."""

from transcode.gc_tuning import paused_during_start

with paused_during_start():
    from transcode import log, telemetry
    from transcode.settings import load
    from worker.reconcile.scheduled import ScheduledReconciliation
    from worker.settings import WorkerSettings

    _settings = load(WorkerSettings)
    log.configure(level=_settings.log_level, json=_settings.log_format == "json")
    telemetry.start("worker")

    handler = ScheduledReconciliation(_settings)
