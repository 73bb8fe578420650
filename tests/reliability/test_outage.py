"""Outages that are longer than five deliveries lasted before the worker counted failures itself: they cost time only.

The worker is a real process, with delays that are shorter by a factor (tests/reliability/impatient_worker.py): 24 s
of outage are four hours by its rule. The redrive policy is the template's own.
"""

import secrets
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.provision import Stack

from .faults import Fault, FaultSettings, proxied
from .final_state import assert_nothing_lost_and_nothing_wrong
from .proof import Proof
from .worker_system import FINAL, WorkerSystem, eventually, names, worker_system

DELAY_SCALE = 1 / 600
"""An outage of 24 s takes the place of one of four hours: the longest delay is 3 s instead of 30 min."""
OLD_DELIVERIES = 5
"""After so many deliveries, the redrive policy used to move a message to the dead-letter queue."""
CALLS_PER_UPLOAD = 1.2
"""CreateJob and SearchJobs calls per upload after an outage, at most."""
TRIED_AT_FIRST = 8
"""Uploads that two submitters may try in their first batches, before they rest. Each of them costs a search more."""


@pytest.fixture
def outage_system(deploy_stack: Callable[..., Stack], tmp_path: Path) -> Iterator[WorkerSystem]:
    """Yield a system whose redrive policy is the template's."""
    with worker_system(deploy_stack({"VisibilityTimeoutS": "10"}), tmp_path) as system:
        yield system


@pytest.mark.parametrize(
    ("upstream", "kinds"),
    [("mediaconvert", ("error", "throttle")), ("dynamodb", ("error", "throttle"))],
    ids=["MediaConvert 500, then 429", "DynamoDB 500, then throttled"],
)
def test_a_long_outage_costs_time_and_nothing_else(
    outage_system: WorkerSystem, clip: bytes, tmp_path: Path, proof: Proof, upstream: str, kinds: tuple[Fault, ...]
) -> None:
    """Every upload gets exactly one job afterwards, and no dead-letter queue has a message."""
    keys = names(proof.length("OUTAGE_UPLOADS", 6), secrets.token_hex(4))
    outage_s = proof.length("OUTAGE_S", 24)
    faults = FaultSettings(kinds=kinds[:1], only=b"DynamoDB" if upstream == "dynamodb" else b"/2017-08-29/")
    with (
        proxied(outage_system.stack.endpoint_url, faults) as aws,
        proxied(outage_system.mediaconvert_url, faults) as mediaconvert,
    ):
        worker = outage_system.process(
            "tests.reliability.impatient_worker",
            "worker",
            DELAY_SCALE=str(DELAY_SCALE),
            AWS_ENDPOINT_URL=aws,
            MEDIACONVERT_ENDPOINT_URL=mediaconvert,
            CLAIM_LEASE_S="3",
        )
        worker.wait_for_log("worker.ready")
        outage_system.upload(keys[0], clip)  # from then on, the worker has the job template
        eventually(outage_system.jobs, bool, deadline_s=30)
        faults.rate = 1
        for key in keys[1:]:
            outage_system.upload(key, clip)
        for kind in kinds:
            faults.kinds = (kind,)
            time.sleep(outage_s / len(kinds))
        stack = outage_system.stack
        waiting_at = stack.submission_queue_url if upstream == "mediaconvert" else stack.uploads_queue_url
        assert outage_system.waiting(waiting_at) == len(keys) - 1
        faults.rate = 0
        began = time.monotonic()
        eventually(lambda: unfinished(outage_system, len(keys)), lambda left: left == 0, deadline_s=90 + len(keys))
        took_s = time.monotonic() - began
        assert worker.end(signal.SIGTERM) == 0
    statuses = assert_nothing_lost_and_nothing_wrong(outage_system, keys, tmp_path)
    assert failed_requests(faults) / (len(keys) - 1) > OLD_DELIVERIES
    calls = outage_system.submission_calls()
    assert calls <= max(len(keys) + TRIED_AT_FIRST, CALLS_PER_UPLOAD * len(keys))
    proof.report(
        f"outage of {upstream} for {outage_s} s ({outage_s / DELAY_SCALE / 3600:.1f} h by the delays): "
        f"jobs {statuses}, over {took_s:.0f} s after the end; {calls / len(keys):.2f} CreateJob and SearchJobs calls"
        f" per upload afterwards; requests {dict(faults.counts)}"
    )


def unfinished(system: WorkerSystem, count: int) -> int:
    """Return the jobs that are still to come or not over, and the messages in the queues."""
    return count - sum(job["Status"] in FINAL for job in system.jobs()) + system.waiting(*system.queues)


def failed_requests(faults: FaultSettings) -> int:
    """Return the requests that failed."""
    return sum(count for kind, count in faults.counts.items() if kind != "no fault")
