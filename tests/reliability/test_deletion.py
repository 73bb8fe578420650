"""Workers are killed while they transcode and delete: an audit then finds nothing, and every tombstone stays."""

import os
import random
import secrets
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from .deleting import audit, request_deletion, until_deleted
from .proof import Proof
from .worker_system import WorkerSystem, names

WORKERS = 2


def test_killed_workers_leave_nothing_of_deleted_uploads(own_system: WorkerSystem, clip: bytes, proof: Proof) -> None:
    """Each upload is deleted at a random moment: before its event, while its job runs, or once it is COMPLETE."""
    keys = names(proof.length("UPLOADS", 8), secrets.token_hex(4))
    seed = int(os.environ.get("SEED", "0")) or secrets.randbelow(2**31)
    proof.report(f"deletion: SEED={seed} repeats the random numbers")
    rng = random.Random(seed)  # noqa: S311 -- not for secrets
    workers = [own_system.worker(f"deleter-{number}", RECONCILE_INTERVAL_S="3") for number in range(WORKERS)]
    undeleted, kills = list(keys), proof.length("KILLS", 4)
    for key in keys:
        own_system.upload(key, clip)
    for killed in range(kills):
        workers[killed % WORKERS].wait_for_log("worker.ready")
        for _ in range(-(-len(undeleted) // (kills - killed))):
            request_deletion(own_system, undeleted.pop(rng.randrange(len(undeleted))))
        time.sleep(rng.uniform(0, 2))
        workers[killed % WORKERS].end(signal.SIGKILL)
        workers[killed % WORKERS] = own_system.worker(f"deleter-{killed % WORKERS}", RECONCILE_INTERVAL_S="3")
    settled_s = until_deleted(own_system, keys)
    assert audit(own_system) == 0
    assert own_system.waiting(*own_system.dead_letter_queues) == 0
    proof.report(f"deletion: {len(keys)} uploads, {kills} kills, all deleted {settled_s:.0f} s after the last one")


def test_a_video_of_many_segments_is_deleted(own_system: WorkerSystem, proof: Proof) -> None:
    """20,000 in a soak: more than one delivery may need, in requests of a thousand."""
    (key,) = names(1, secrets.token_hex(4))
    folder, count = f"{key}_20261122083000-0a1b2c/", proof.length("SEGMENTS", 2_000)

    def put(number: int) -> None:
        own_system.s3.put_object(Bucket=own_system.stack.output_bucket, Key=f"{folder}{number:06}.ts", Body=b"x")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, range(count)))
    own_system.worker("many", RECONCILE_INTERVAL_S="0").wait_for_log("worker.ready")
    request_deletion(own_system, key)
    deleted_s = until_deleted(own_system, [key])
    assert audit(own_system) == 0
    proof.report(f"deletion: {count:,} segments in {deleted_s:.1f} s")
