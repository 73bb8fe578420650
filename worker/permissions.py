"""The AWS permissions of the worker, and of an operator who redrives dead letters, from the stores and clients."""

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
"""WorkerPolicy of infra/permissions.yaml; `python -m worker.reconcile` needs the same permissions."""

OPERATOR = dead_letter_queue.PERMISSIONS
"""OperatorPolicy of infra/permissions.yaml: the permissions that `python -m worker.redrive` needs."""
