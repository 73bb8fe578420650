"""Whatever is sent, to the queues or over HTTP: no crash, no hang, no 5xx, and no secret in any log at any level."""

import json
import os
import secrets
import subprocess
import sys

from local.embedded import ROOT

from .conftest import Proof
from .plant import Plant
from .secrecy import assert_no_secret

SLOWEST_BATCH_S = 20


def test_no_message_crashes_or_hangs_the_worker_or_makes_it_tell(own_plant: Plant, proof: Proof) -> None:
    """Each is done, buried with its reason, or left for later; none fails in a way that nobody thought of."""
    count = proof.length("MESSAGES", 2_000)
    seed = int(os.environ.get("SEED", "0")) or secrets.randbelow(2**31)
    log = own_plant.folder / "fuzzing.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "tests.reliability.fuzzing", str(count), str(seed)],
            env={**os.environ, **own_plant.environment()},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=60 + count / 20,
            check=False,
        )
    *lines, last = log.read_text(encoding="utf-8").splitlines()
    assert done.returncode == 0, last
    told = json.loads(last)
    failed = [line for line in lines if '"message.failed"' in line]
    assert not failed, f"seed {seed}: {failed[0]}"
    assert sum(told["outcomes"].values()) == count
    assert "forgotten" not in told["outcomes"]
    assert told["slowest_s"] < SLOWEST_BATCH_S
    keys = assert_no_secret(own_plant, log)
    proof.tell(f"fuzz (seed {seed}): {count} bodies, {told}; {keys} keys looked for in {len(lines)} lines of log")
