"""Workers are killed at random moments, and events are repeated: each upload has one job, and every row is correct."""

import os
import secrets
from pathlib import Path

from .final_state import assert_nothing_lost_and_nothing_wrong
from .killing import kill_workers
from .log_secrets import assert_no_secret
from .proof import Proof
from .worker_system import WorkerSystem, names


def test_killed_workers_lose_no_upload_and_create_no_second_job(
    own_system: WorkerSystem, clip: bytes, tmp_path: Path, proof: Proof
) -> None:
    """SIGKILL during claims, jobs and events, with duplicated, reordered and lost events."""
    keys = names(proof.length("UPLOADS", 12), secrets.token_hex(4))
    seed = int(os.environ.get("SEED", "0")) or secrets.randbelow(2**31)
    proof.report(f"kill: SEED={seed} repeats the random numbers")
    summary = kill_workers(own_system, keys, clip, kills=proof.length("KILLS", 4), seed=seed)
    statuses = assert_nothing_lost_and_nothing_wrong(own_system, keys, tmp_path)
    logs = sorted(own_system.folder.glob("*.log"))
    assert_no_secret(own_system, *logs)
    proof.report(f"kill: {summary}; jobs: {statuses}")
