"""Workers are killed at random moments, and events are repeated: each upload has one job, and every row is correct.

Some uploads are deleted meanwhile, and a back end receives webhooks: each end is announced, and an audit finds nothing.
"""

import os
import secrets
from pathlib import Path

from .deleting import audit
from .final_state import assert_nothing_lost_and_nothing_wrong
from .killing import Plan, kill_workers
from .log_secrets import assert_no_secret
from .proof import Proof
from .receiving import SECRET, Receiver, receiving
from .worker_system import WorkerSystem, eventually, names

DELETED_EVERY = 4
"""One of this many uploads is deleted during the kills."""
DELIVERED_WITHIN_S = 120
TYPES = {"COMPLETE": "job.complete", "ERROR": "job.error", "CANCELED": "job.canceled"}


def test_killed_workers_lose_no_upload_no_announcement_and_create_no_second_job(
    own_system: WorkerSystem, clip: bytes, tmp_path: Path, proof: Proof
) -> None:
    """SIGKILL during claims, jobs, events, deletions and webhooks, with duplicated, reordered and lost events."""
    keys = names(proof.length("UPLOADS", 12), secrets.token_hex(4))
    seed = int(os.environ.get("SEED", "0")) or secrets.randbelow(2**31)
    proof.report(f"kill: SEED={seed} repeats the random numbers")
    with receiving() as receiver:
        plan = Plan(
            keys=keys,
            deleted=keys[::DELETED_EVERY],
            kills=proof.length("KILLS", 4),
            seed=seed,
            settings=receiver.settings(own_system.stack, 1),
        )
        summary = kill_workers(own_system, plan, clip)
        statuses = assert_nothing_lost_and_nothing_wrong(own_system, plan.kept, tmp_path)
        announced = expect_announced(own_system, plan, receiver)
    assert audit(own_system) == 0
    logs = sorted(own_system.folder.glob("*.log"))
    assert_no_secret(own_system, *logs)
    assert not [log.name for log in logs if SECRET in log.read_text(encoding="utf-8", errors="replace")]
    proof.report(f"kill: {summary}; jobs: {statuses}; {announced}")


def expect_announced(system: WorkerSystem, plan: Plan, receiver: Receiver) -> str:
    """Check the webhooks of each job and each deleted upload, and return their numbers.

    A job that ended before a worker wrote its row has no job.submitted. Only a kill makes a COMPLETE one so late.
    """
    worker = system.worker("last", RECONCILE_INTERVAL_S="3", **plan.settings)
    worker.wait_for_log("worker.ready")
    eventually(
        lambda: system.waiting(system.stack.webhook_1_queue_url), lambda n: n == 0, deadline_s=DELIVERED_WITHIN_S
    )
    kept = [job for job in system.jobs() if job["Settings"]["Inputs"][0]["FileInput"].split("/", 3)[3] in plan.kept]
    rows = {job["Id"]: system.row(system.stack.status_table, JobId=job["Id"]) for job in kept}
    ends = {job_id: TYPES[row["JobStatus"]["S"]] for job_id, row in rows.items() if row}
    types = {job_id: receiver.types_of.get(job_id, set()) for job_id in ends}
    assert not [(job_id, end, types[job_id]) for job_id, end in ends.items() if end not in types[job_id]]
    assert not [each for each in plan.deleted if "upload.deleted" not in receiver.types_of.get(each, set())]
    unfinished = [job_id for job_id, found in receiver.types_of.items() if found == {"job.submitted"}]
    assert not unfinished, "these were announced as submitted, and their end was not"
    silent = [job_id for job_id, end in ends.items() if end == "job.complete" and "job.submitted" not in types[job_id]]
    assert len(silent) <= plan.kills
    assert system.waiting(system.stack.webhook_1_dead_letter_queue_url) == 0
    return f"{receiver.requests[1]} webhooks with {len(receiver.ids[1])} ids; {len(silent)} jobs without job.submitted"
