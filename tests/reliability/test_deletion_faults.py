"""AWS throttles, fails, resets connections or doesn't respond while uploads are deleted: nothing of them is left."""

import secrets
from collections.abc import Sequence

import httpx

from .deleting import audit, until_deleted
from .faults import KINDS, FaultSettings
from .proof import Proof
from .receiving import Receiver
from .worker_system import Process, WorkerSystem, names

FAULTY_RATE = 0.1
RATE_OF_REQUESTS = 0.5
"""While clients delete, half of all requests fail; while the worker deletes, a tenth."""


def test_uploads_are_deleted_and_announced_despite_faults(
    own_system: WorkerSystem,
    faults: FaultSettings,
    addresses: dict[str, str],
    service: tuple[str, Process],
    receiver: Receiver,
    proof: Proof,
) -> None:
    """DELETE is 202 or a 503 that the client repeats. The job may wait, run or have ended."""
    keys = names(proof.length("FAULT_UPLOADS", 4), secrets.token_hex(4))
    webhooks = receiver.settings(own_system.stack, 1)
    worker = own_system.worker(RECONCILE_INTERVAL_S="5", ANNOUNCE_EVENT_BUS="default", **webhooks, **addresses)
    worker.wait_for_log("worker.ready")
    for key in keys:
        own_system.upload(key, b"this is no video")
    receiver.wait_for("job.error", keys[: len(keys) // 2])
    faults.kinds = KINDS if proof.is_long else tuple(kind for kind in KINDS if kind != "silence")
    faults.rate = RATE_OF_REQUESTS
    refused = delete_all(service[0], keys)
    faults.rate = FAULTY_RATE
    deleted_s = until_deleted(own_system, keys, is_swept=False)
    receiver.wait_for("upload.deleted", keys)
    faults.rate = 0
    assert audit(own_system) == 0
    assert own_system.waiting(*own_system.dead_letter_queues) == 0
    proof.report(
        f"faults of deletions: {len(keys)} uploads, requests {dict(faults.counts)}; {refused} times 503; "
        f"all deleted {deleted_s:.0f} s after the last 202"
    )


def delete_all(url: str, keys: Sequence[str]) -> int:
    """Delete the uploads; return the number of responses 503, each of which is repeated."""
    refused, left = 0, list(keys)
    while left:
        response = httpx.delete(f"{url}/uploads", params={"input_file": left[0]}, timeout=60, trust_env=False)
        if response.status_code == 404:  # the worker has not seen the object yet
            left.append(left.pop(0))
        elif response.status_code == 503:
            assert "Retry-After" in response.headers
            refused += 1
        else:
            assert response.status_code == 202, response.text
            left.pop(0)
    return refused
