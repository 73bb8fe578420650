"""Requests to delete uploads, the wait for their end, and the audit that must find nothing afterwards."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from local.embedded_aws import ROOT

from .worker_system import WorkerSystem, eventually

SWEEP_AFTER_S = 10
"""Seconds from the request to the second sweep, in place of an hour."""
SWEEP_MARGIN_S = 60
SETTLED_WITHIN_S = 600
PAUSE_S = 0.5


def request_deletion(system: WorkerSystem, key: str) -> None:
    """Send the service's message."""
    urls_until_s = int(time.time()) + SWEEP_AFTER_S - SWEEP_MARGIN_S
    detail = {"bucket": {"name": system.stack.input_bucket}, "inputFile": key, "urlsUntil": urls_until_s}
    body = {"version": "0", "source": "mediaconvert-status", "detail-type": "Delete Requested", "detail": detail}
    system.sqs.send_message(QueueUrl=system.stack.job_events_queue_url, MessageBody=json.dumps(body))


def until_deleted(system: WorkerSystem, keys: Sequence[str], *, is_swept: bool = True) -> float:
    """Wait until each upload has a tombstone; return the seconds that this took.

    With `is_swept`, wait also until the second sweep is over and all queues are empty.
    """

    def missing() -> list[str]:
        rows = {key: system.row(system.stack.input_file_table, InputFile=key) or {} for key in keys}
        return [key for key, row in rows.items() if "DeletedTime" not in row]

    began = time.monotonic()
    eventually(missing, lambda left: not left, deadline_s=SETTLED_WITHIN_S, pause_s=PAUSE_S)
    took_s = time.monotonic() - began
    if not is_swept:
        return took_s
    quiet_until_s = time.time() + SWEEP_AFTER_S + 1  # the messages of the sweeps are delayed, and then counted
    eventually(
        lambda: (system.waiting(*system.queues), time.time() > quiet_until_s),
        lambda found: found == (0, True),
        deadline_s=SETTLED_WITHIN_S,
        pause_s=PAUSE_S,
    )
    return took_s


def audit(system: WorkerSystem) -> int:
    """Return the exit code of the audit; its lines are in the test's output."""
    command = [sys.executable, "-m", "worker.audit", "--grace-s", "0"]
    done = subprocess.run(
        command, env={**os.environ, **system.environment()}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    sys.stdout.write(done.stdout + done.stderr)
    return done.returncode
