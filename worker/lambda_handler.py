"""The Lambda function `worker.lambda_handler.handler`, for either queue (with ReportBatchItemFailures) or both.

Its timeout must be longer than a claim's lease (60 s), and the queues' visibility timeout six times as long.
"""

from transcode.gc_tuning import paused_during_start

with paused_during_start():
    from transcode import log, telemetry
    from transcode.settings import load
    from worker.lambda_app import LambdaWorker
    from worker.settings import WorkerSettings

    _settings = load(WorkerSettings)
    log.configure(level=_settings.log_level, json=_settings.log_format == "json")
    telemetry.start("worker")

    handler = LambdaWorker(_settings)
