"""The Lambda function `worker.lambda_handler.handler`, for any of the queues (with ReportBatchItemFailures).

Its timeout must be longer than a claim's lease (60 s), and the queues' visibility timeout six times as long.
"""

from transcode.gc_tuning import paused_during_start

with paused_during_start():
    from transcode.startup import start
    from worker.lambda_app import LambdaWorker
    from worker.settings import WorkerSettings

    handler = LambdaWorker(start(WorkerSettings, process="worker"))
