"""All that the worker, and whoever redrives its dead letters, asks of AWS, gathered from the stores and clients."""

from transcode import lookup_table, status_table
from worker import artifacts, key_table, queue
from worker.reconcile import job_list
from worker.redrive import queue as dead_letter_queue
from worker.submission import mediaconvert

WORKER = (
    lookup_table.PERMISSIONS
    | status_table.PERMISSIONS
    | key_table.PERMISSIONS
    | artifacts.PERMISSIONS
    | queue.PERMISSIONS
    | mediaconvert.PERMISSIONS
    | job_list.PERMISSIONS
)
"""WorkerPolicy of infra/permissions.yaml; what `python -m worker.reconcile` takes, too."""

OPERATOR = dead_letter_queue.PERMISSIONS
"""OperatorPolicy of infra/permissions.yaml: what `python -m worker.redrive` takes."""
