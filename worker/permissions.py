"""The AWS permissions of the worker, and of an operator's commands, from the stores and clients."""

from transcode import lookup_table, queue_table, status_table
from worker import artifacts, delivery_notes, key_table, queue, refused_versions, waiting_messages
from worker.announce import event_bus, unannounced
from worker.audit import listing
from worker.backfill import job_cost, objects
from worker.deletion import deleted_rows, invalidations, stored_objects, sweep_queue
from worker.reconcile import job_list, job_reader, open_jobs
from worker.redrive import move_tasks, paced_move
from worker.redrive import queue as dead_letter_queue
from worker.submission import budget_table, mediaconvert, prober, submission_queue
from worker.webhooks import replay, secrets, stopped_endpoints, webhook_queue

WORKER = (
    lookup_table.PERMISSIONS
    | status_table.PERMISSIONS
    | key_table.PERMISSIONS
    | delivery_notes.PERMISSIONS
    | artifacts.PERMISSIONS
    | queue.PERMISSIONS
    | queue_table.PERMISSIONS
    | refused_versions.PERMISSIONS
    | waiting_messages.PERMISSIONS
    | mediaconvert.PERMISSIONS
    | prober.PERMISSIONS
    | budget_table.PERMISSIONS
    | submission_queue.PERMISSIONS
    | job_reader.PERMISSIONS
    | open_jobs.PERMISSIONS
    | deleted_rows.PERMISSIONS
    | stored_objects.INPUTS
    | stored_objects.OUTPUTS
    | invalidations.PERMISSIONS
    | sweep_queue.PERMISSIONS
    | unannounced.PERMISSIONS
    | event_bus.PERMISSIONS
    | webhook_queue.PERMISSIONS
    | secrets.PERMISSIONS
    | stopped_endpoints.PERMISSIONS
)
"""WorkerPolicy of infra/permissions.yaml; `python -m worker.reconcile` needs the same permissions."""

OPERATOR = (
    dead_letter_queue.PERMISSIONS
    | move_tasks.PERMISSIONS
    | paced_move.PERMISSIONS
    | job_list.PERMISSIONS
    | refused_versions.READING
    | listing.PERMISSIONS
    | replay.PERMISSIONS
    | objects.PERMISSIONS
    | job_cost.PERMISSIONS
)
"""OperatorPolicy of infra/permissions.yaml: `python -m worker.redrive`, `python -m worker.audit`,
`python -m worker.backfill` and `python -m worker.webhooks` need it, and `python -m worker.reconcile --list` needs it in
addition to the worker's."""
