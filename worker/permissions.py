"""All that the worker, and whoever redrives its dead letters, asks of AWS, gathered from the stores and clients."""

from transcode import lookup, status
from worker import artifacts, outputs, queue
from worker.reconcile import job_list
from worker.redrive import queue as dead_letter_queue
from worker.submission import encoder

WORKER = (
    lookup.PERMISSIONS
    | status.PERMISSIONS
    | outputs.PERMISSIONS
    | artifacts.PERMISSIONS
    | queue.PERMISSIONS
    | encoder.PERMISSIONS
    | job_list.PERMISSIONS
)
"""WorkerPolicy of infra/permissions.yaml; what `python -m worker.reconcile` takes, too."""

OPERATOR = dead_letter_queue.PERMISSIONS
"""OperatorPolicy of infra/permissions.yaml: what `python -m worker.redrive` takes."""
