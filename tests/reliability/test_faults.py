"""AWS throttles, fails, resets connections, doesn't respond, or is slow: uploads end, nothing hangs or leaks."""

import asyncio
import json
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local.provision import Stack
from transcode.aws import open_aws
from transcode.failures import is_transient
from worker.artifacts import ArtifactStore
from worker.assembly import open_handler
from worker.claim import Destination
from worker.outcomes import Message, Retry
from worker.settings import WorkerSettings

from .faults import KINDS, Fault, FaultSettings
from .final_state import assert_nothing_lost_and_nothing_wrong
from .proof import Proof
from .receiving import Receiver
from .worker_system import FINAL, Process, WorkerSystem, eventually, names, worker_system

FAULTY_RATE = 0.1
MAX_RESPONSE_S = 15
LEAKED_FILES = 5
"""Connections that a pool may have more after the faults than before."""
MAX_FILES = 150
"""A pool has at most 100 connections, and each busy client has one."""
MAX_KIB = 250 * 1024


@pytest.fixture(scope="module")
def own_system(deploy_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerSystem]:
    """A system for these tests, whose messages become visible again after a few seconds."""
    with worker_system(deploy_stack({"VisibilityTimeoutS": "5"}), tmp_path_factory.mktemp("faults")) as system:
        yield system


@pytest.fixture
def upload_during_faults(
    own_system: WorkerSystem, faults: FaultSettings, addresses: dict[str, str], clip: bytes, receiver: Receiver
) -> Callable[[Sequence[str], float], Process]:
    """Uploads files while a tenth of all requests fail, and at times all of them for seconds; returns the worker.

    It announces to an event bus, and to the receiver. All of AWS is behind the proxies, and the receiver isn't.
    """

    def _upload_during_faults(keys: Sequence[str], burst_s: float) -> Process:
        webhooks = receiver.settings(own_system.stack, 1)
        worker = own_system.worker(RECONCILE_INTERVAL_S="5", ANNOUNCE_EVENT_BUS="default", **webhooks, **addresses)
        worker.wait_for_log("worker.ready")
        faults.rate = FAULTY_RATE
        for number, key in enumerate(keys):
            own_system.upload(key, clip)
            if number % 5 == 2:
                faults.rate = 1
                time.sleep(burst_s)
                faults.rate = FAULTY_RATE
            time.sleep(0.3)
        eventually(
            lambda: unfinished(own_system, keys), lambda remaining: not remaining, deadline_s=120 + 2 * len(keys)
        )
        faults.rate = 0
        eventually(
            lambda: [own_system.counts(url) for url in own_system.queues],
            lambda counts: not any(map(any, counts)),
            deadline_s=90,
        )
        return worker

    return _upload_during_faults


def test_all_uploads_end_despite_faults(
    own_system: WorkerSystem,
    faults: FaultSettings,
    upload_during_faults: Callable[[Sequence[str], float], Process],
    receiver: Receiver,
    tmp_path: Path,
    proof: Proof,
) -> None:
    """Every upload is correct and announced; the worker's files and memory are bounded, and it stops on SIGTERM."""
    keys = names(proof.length("FAULT_UPLOADS", 4), secrets.token_hex(4))
    faults.kinds = KINDS if proof.is_long else tuple(kind for kind in KINDS if kind != "silence")
    worker = upload_during_faults(keys, proof.length("BURST_S", 2))
    statuses = assert_nothing_lost_and_nothing_wrong(own_system, keys, tmp_path)
    receiver.wait_for("job.complete", keys)
    open_files_and_kib = worker.open_files(), worker.memory_kib()
    assert open_files_and_kib[0] < MAX_FILES
    assert open_files_and_kib[1] < MAX_KIB
    assert worker.end(signal.SIGTERM) == 0
    proof.report(
        f"faults: {len(keys)} uploads, requests {dict(faults.counts)}; jobs: {statuses}; "
        f"{receiver.requests[1]} webhooks with {len(receiver.ids[1])} ids; "
        f"at the end the worker holds {open_files_and_kib[0]} files and {open_files_and_kib[1] // 1024} MiB"
    )


def unfinished(worker_system: WorkerSystem, keys: Sequence[str]) -> list[str]:
    """Return the uploads whose job has not ended in the tables."""
    remaining = []
    for key in keys:
        lookup = worker_system.row(worker_system.stack.input_file_table, InputFile=key)
        job_id = lookup["JobId"]["S"] if lookup and "JobId" in lookup else None
        row = worker_system.row(worker_system.stack.status_table, JobId=job_id) if job_id else None
        if not row or row["JobStatus"]["S"] not in FINAL:
            remaining.append(key)
    return remaining


@pytest.mark.serial
def test_the_service_responds_with_retry_after_during_faults(
    service: tuple[str, Process], faults: FaultSettings, proof: Proof
) -> None:
    """Every route that needs AWS is a 503 with Retry-After in bounded time, and a 200 afterwards; nothing leaks."""
    url, process = service
    slowest_s: dict[str, float] = {}
    before = process.open_files()
    for kind in KINDS:
        if kind not in {"slow", "reset after"}:
            faults.rate, faults.kinds = 1, (kind,)
            slowest_s[kind] = max(seconds for seconds in durations_of_concurrent_requests(url))
            faults.rate = 0
            assert httpx.get(f"{url}/readyz", timeout=10, trust_env=False).status_code == 200
    assert max(slowest_s.values()) < MAX_RESPONSE_S
    eventually(process.open_files, lambda files: files <= before + LEAKED_FILES, deadline_s=20)
    assert process.memory_kib() < MAX_KIB
    proof.report(f"service under faults: slowest 503 by kind, in seconds: {slowest_s}")


def durations_of_concurrent_requests(url: str) -> Iterator[float]:
    """Send five requests to every route at once; yield the seconds that each 503 with Retry-After took."""
    upload = {"file_name": "a.mp4", "content_type": "video/mp4", "size_bytes": 5}
    reads = [("GET", "/readyz"), ("GET", "/jobs/1-a"), ("GET", "/jobs?input_file=a"), ("GET", "/uploads")]
    requests = [*reads, ("POST", "/uploads"), ("DELETE", "/uploads?input_file=a")] * 5

    def seconds_until_503(method: str, path: str) -> float:
        began = time.monotonic()
        body = upload if method == "POST" else None
        response = httpx.request(method, url + path, json=body, timeout=60, trust_env=False)
        assert (response.status_code, "Retry-After" in response.headers) == (503, True), (path, response.text)
        return time.monotonic() - began

    with ThreadPoolExecutor(len(requests)) as threads:
        yield from threads.map(lambda each: seconds_until_503(*each), requests)


@pytest.mark.parametrize("kind", ["error", "refuse", "reset", "reset after", "throttle"])
async def test_a_failed_write_to_s3_is_an_error(
    addresses: dict[str, str], own_system: WorkerSystem, faults: FaultSettings, kind: Fault
) -> None:
    """S3 fails, or the connection ends before the body was sent: the client once waited forever for this."""
    async with open_aws(region="us-east-1", endpoint_url=addresses["AWS_ENDPOINT_URL"]) as aws:
        artifacts = ArtifactStore(await aws.s3(), own_system.stack.output_bucket)
        destination = Destination(input_file="a.mp4", output_path="a/", key_file="a.key", key_value="00" * 16)
        faults.rate, faults.kinds = 1, (kind,)
        async with asyncio.timeout(MAX_RESPONSE_S):
            with pytest.raises((ClientError, BotoCoreError)) as caught:
                await artifacts.put_key_file(destination)
        assert is_transient(caught.value)


@pytest.mark.serial
def test_a_service_without_s3_is_not_ready(
    service: tuple[str, Process], own_system: WorkerSystem, faults: FaultSettings, proof: Proof
) -> None:
    """The tables respond and the bucket doesn't: /readyz is 503 within a bounded time."""
    if not proof.is_long:
        pytest.skip("part of the soak")
    url, _ = service
    faults.rate, faults.kinds, faults.only = 1, ("silence",), own_system.stack.input_bucket.encode()
    began = time.monotonic()
    response = httpx.get(f"{url}/readyz", timeout=60, trust_env=False)
    assert (response.status_code, "Retry-After" in response.headers) == (503, True)
    assert time.monotonic() - began < MAX_RESPONSE_S + 5


async def test_failed_calls_leave_no_task_behind(
    own_system: WorkerSystem, faults: FaultSettings, addresses: dict[str, str]
) -> None:
    """The tasks of a batch end with it, whether its calls failed or not."""
    environment = own_system.environment(**addresses)
    settings = WorkerSettings.model_validate({name.lower(): value for name, value in environment.items()})
    async with open_aws(region="us-east-1", endpoint_url=addresses["AWS_ENDPOINT_URL"]) as aws:
        handler = await open_handler(aws, settings)
        before = asyncio.all_tasks()
        faults.rate, faults.kinds = 0.5, ("throttle", "error", "refuse", "reset", "reset after")
        for batch in range(3):
            await handler.handle([created(own_system, f"{batch}-{number}") for number in range(10)])
        await asyncio.sleep(0)
        assert asyncio.all_tasks() <= before


async def test_a_call_without_response_is_canceled_and_retried(
    own_system: WorkerSystem, faults: FaultSettings, addresses: dict[str, str]
) -> None:
    """A worker keeps the message hidden that it handles, so handling must have an end."""
    environment = own_system.environment(**addresses)
    settings = WorkerSettings.model_validate({name.lower(): value for name, value in environment.items()})
    async with open_aws(region="us-east-1", endpoint_url=addresses["AWS_ENDPOINT_URL"]) as aws:
        handler = await open_handler(aws, settings)
        handler = replace(handler, batch=replace(handler.batch, event_timeout_s=0.5))
        faults.rate, faults.kinds = 1, ("silence",)
        handled = await handler.handle([created(own_system, "hanging")])
    assert isinstance(outcome := handled["hanging"], Retry)
    assert outcome.reason == "TimeoutError"


def created(worker_system: WorkerSystem, name: str) -> Message:
    """Return S3's event of an object."""
    detail = {
        "bucket": {"name": worker_system.stack.input_bucket},
        "object": {"key": f"uploads/{name}/a.mp4", "size": 5},
    }
    return Message(message_id=name, body=json.dumps({"detail-type": "Object Created", "detail": detail}))
