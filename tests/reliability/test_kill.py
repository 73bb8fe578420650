"""Workers die at random moments, and everything is said twice: one job for each upload, and every word of it true."""

import os
import secrets
from pathlib import Path

from .killing import torment
from .proof import Proof
from .secrecy import assert_no_secret
from .truth import assert_nothing_lost_and_nothing_wrong
from .worker_system import Plant, names


def test_killed_workers_lose_nothing_and_make_nothing_twice(
    own_plant: Plant, clip: bytes, tmp_path: Path, proof: Proof
) -> None:
    """SIGKILL in the middle of claims, jobs and events; duplicates, disorder and lost events on top."""
    keys = names(proof.length("UPLOADS", 12), secrets.token_hex(4))
    seed = int(os.environ.get("SEED", "0")) or secrets.randbelow(2**31)
    proof.report(f"kill: SEED={seed} repeats the dice")
    tally = torment(own_plant, keys, clip, kills=proof.length("KILLS", 4), seed=seed)
    statuses = assert_nothing_lost_and_nothing_wrong(own_plant, keys, tmp_path)
    logs = sorted(own_plant.folder.glob("*.log"))
    assert_no_secret(own_plant, *logs)
    proof.report(f"kill: {tally}; jobs: {statuses}")
