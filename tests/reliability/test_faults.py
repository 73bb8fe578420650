"""AWS throttles, errs, resets, stays silent and dribbles: everything converges, nothing hangs, nothing leaks."""

import asyncio
import json
import random
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
from transcode.aws import is_transient, open_aws
from worker.artifacts import ArtifactStore
from worker.assembly import open_handler
from worker.claim import Destination
from worker.outcomes import Message, Retry
from worker.settings import WorkerSettings

from .faults import KINDS, Fault, Weather, proxied
from .proof import Proof
from .truth import assert_nothing_lost_and_nothing_wrong
from .worker_system import FINAL, Plant, Process, eventually, names, plant

FAULTY_RATE = 0.1
LONGEST_ANSWER_S = 15
LEAKED_FILES = 5
"""Connections that a pool may hold more after a storm than before it."""
MOST_FILES = 150
"""A pool holds 100 connections at most, and there is one for each client that is busy."""
MOST_KIB = 250 * 1024


@pytest.fixture(scope="module")
def own_plant(deploy_stack: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A system for these tests, whose messages return after a few seconds."""
    with plant(deploy_stack({"VisibilityTimeoutS": "5"}), tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest.fixture
def weather() -> Weather:
    """Fair at first."""
    return Weather(dice=random.Random(secrets.randbelow(2**31)))  # noqa: S311 -- not for secrets


@pytest.fixture
def addresses(own_plant: Plant, weather: Weather) -> Iterator[dict[str, str]]:
    """Where worker and service meet AWS and MediaConvert: at proxies."""
    with (
        proxied(own_plant.stack.endpoint_url, weather) as aws,
        proxied(own_plant.mediaconvert_url, weather) as mediaconvert,
    ):
        yield {
            "AWS_ENDPOINT_URL": aws,
            "MEDIACONVERT_ENDPOINT_URL": mediaconvert,
            "CLAIM_LEASE_S": "10",
            "LOG_LEVEL": "INFO",
        }


@pytest.fixture
def storm(
    own_plant: Plant, weather: Weather, addresses: dict[str, str], clip: bytes
) -> Callable[[Sequence[str], float], Process]:
    """Uploads files while a tenth of all requests fail, and now and then all of them for seconds; gives the worker."""

    def _storm(keys: Sequence[str], burst_s: float) -> Process:
        worker = own_plant.worker(RECONCILE_INTERVAL_S="5", **addresses)
        worker.until_said("worker.ready")
        weather.rate = FAULTY_RATE
        for number, key in enumerate(keys):
            own_plant.upload(key, clip)
            if number % 5 == 2:
                weather.rate = 1
                time.sleep(burst_s)
                weather.rate = FAULTY_RATE
            time.sleep(0.3)
        eventually(lambda: unfinished(own_plant, keys), lambda left: not left, deadline_s=120 + 2 * len(keys))
        weather.rate = 0
        eventually(
            lambda: [own_plant.counts(url) for url in own_plant.queues],
            lambda counts: not any(map(any, counts)),
            deadline_s=90,
        )
        return worker

    return _storm


def test_uploads_get_through_any_weather(
    own_plant: Plant,
    weather: Weather,
    storm: Callable[[Sequence[str], float], Process],
    tmp_path: Path,
    proof: Proof,
) -> None:
    """At the end every upload is checked, and the worker holds no more than at the beginning, and stops when told."""
    keys = names(proof.length("FAULT_UPLOADS", 4), secrets.token_hex(4))
    weather.kinds = KINDS if proof.is_long else tuple(kind for kind in KINDS if kind != "silence")
    worker = storm(keys, proof.length("BURST_S", 2))
    statuses = assert_nothing_lost_and_nothing_wrong(own_plant, keys, tmp_path)
    held = worker.open_files(), worker.memory_kib()
    assert held[0] < MOST_FILES
    assert held[1] < MOST_KIB
    assert worker.end(signal.SIGTERM) == 0
    proof.report(
        f"faults: {len(keys)} uploads, requests {dict(weather.met)}; jobs: {statuses}; "
        f"at the end the worker holds {held[0]} files and {held[1] // 1024} MiB"
    )


def unfinished(plant: Plant, keys: Sequence[str]) -> list[str]:
    """Uploads whose job our rows don't say is over."""
    left = []
    for key in keys:
        lookup = plant.row(plant.stack.input_file_table, InputFile=key)
        job_id = lookup["JobId"]["S"] if lookup and "JobId" in lookup else None
        row = plant.row(plant.stack.status_table, JobId=job_id) if job_id else None
        if not row or row["JobStatus"]["S"] not in FINAL:
            left.append(key)
    return left


@pytest.fixture
def service(own_plant: Plant, addresses: dict[str, str], free_port: Callable[[], int]) -> Iterator[tuple[str, Process]]:
    """A service that meets AWS at the proxy, and its address."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = own_plant.process("service", "service", PORT=str(port), **addresses)
    eventually(lambda: is_ready(url), bool, deadline_s=30)
    yield url, process
    process.end(signal.SIGTERM)


def is_ready(url: str) -> bool:
    """Whether the service answers."""
    try:
        return httpx.get(f"{url}/readyz", timeout=10, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.serial
def test_the_service_says_when_to_come_again_rather_than_hang(
    service: tuple[str, Process], weather: Weather, proof: Proof
) -> None:
    """503 with Retry-After within bounded time on every route that needs AWS, 200 again after, and nothing leaks."""
    url, process = service
    slowest_s: dict[str, float] = {}
    before = process.open_files()
    for kind in KINDS:
        if kind not in {"slow", "reset after"}:
            weather.rate, weather.kinds = 1, (kind,)
            slowest_s[kind] = max(seconds for seconds in asked_at_once(url))
            weather.rate = 0
            assert httpx.get(f"{url}/readyz", timeout=10, trust_env=False).status_code == 200
    assert max(slowest_s.values()) < LONGEST_ANSWER_S
    eventually(process.open_files, lambda files: files <= before + LEAKED_FILES, deadline_s=20)
    assert process.memory_kib() < MOST_KIB
    proof.report(f"service under faults: slowest 503 by kind, in seconds: {slowest_s}")


def asked_at_once(url: str) -> Iterator[float]:
    """Ask every route five times at once; gives the seconds that each answer took, all of them 503 with Retry-After."""
    upload = {"file_name": "a.mp4", "content_type": "video/mp4", "size_bytes": 5}
    requests = [("GET", "/readyz"), ("GET", "/jobs/1-a"), ("GET", "/jobs?input_file=a"), ("POST", "/uploads")] * 5

    def ask(method: str, path: str) -> float:
        began = time.monotonic()
        body = upload if method == "POST" else None
        answer = httpx.request(method, url + path, json=body, timeout=60, trust_env=False)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True), (path, answer.text)
        return time.monotonic() - began

    with ThreadPoolExecutor(len(requests)) as threads:
        yield from threads.map(lambda request: ask(*request), requests)


@pytest.mark.parametrize("kind", ["error", "refuse", "reset", "reset after", "throttle"])
async def test_a_file_that_can_not_be_written_is_known_to_be_so(
    addresses: dict[str, str], own_plant: Plant, weather: Weather, kind: Fault
) -> None:
    """An error of S3's, or the connection's end, before the body was sent: that was once waited out for ever."""
    async with open_aws(region="us-east-1", endpoint_url=addresses["AWS_ENDPOINT_URL"]) as aws:
        artifacts = ArtifactStore(await aws.s3(), own_plant.stack.output_bucket)
        destination = Destination(input_file="a.mp4", output_path="a/", key_file="a.key", key_value="00" * 16)
        weather.rate, weather.kinds = 1, (kind,)
        async with asyncio.timeout(LONGEST_ANSWER_S):
            with pytest.raises((ClientError, BotoCoreError)) as caught:
                await artifacts.put_key_file(destination)
        assert is_transient(caught.value)


@pytest.mark.serial
def test_a_service_without_s3_says_so_in_time(
    service: tuple[str, Process], own_plant: Plant, weather: Weather, proof: Proof
) -> None:
    """The tables answer and the bucket is silent: readiness is refused, not waited for."""
    if not proof.is_long:
        pytest.skip("part of the soak")
    url, _ = service
    weather.rate, weather.kinds, weather.only = 1, ("silence",), own_plant.stack.input_bucket.encode()
    began = time.monotonic()
    answer = httpx.get(f"{url}/readyz", timeout=60, trust_env=False)
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert time.monotonic() - began < LONGEST_ANSWER_S + 5


async def test_what_fails_leaves_no_task_behind(own_plant: Plant, weather: Weather, addresses: dict[str, str]) -> None:
    """Each batch's tasks end with it, however its calls ended."""
    environment = own_plant.environment(**addresses)
    settings = WorkerSettings.model_validate({name.lower(): value for name, value in environment.items()})
    async with open_aws(region="us-east-1", endpoint_url=addresses["AWS_ENDPOINT_URL"]) as aws:
        handler = await open_handler(aws, settings)
        before = asyncio.all_tasks()
        weather.rate, weather.kinds = 0.5, ("throttle", "error", "refuse", "reset", "reset after")
        for batch in range(3):
            await handler.handle([created(own_plant, f"{batch}-{number}") for number in range(10)])
        await asyncio.sleep(0)
        assert asyncio.all_tasks() <= before


async def test_what_hangs_is_given_up_and_tried_again(
    own_plant: Plant, weather: Weather, addresses: dict[str, str]
) -> None:
    """Whoever handles a message keeps it hidden, so nobody may handle one for ever."""
    environment = own_plant.environment(**addresses)
    settings = WorkerSettings.model_validate({name.lower(): value for name, value in environment.items()})
    async with open_aws(region="us-east-1", endpoint_url=addresses["AWS_ENDPOINT_URL"]) as aws:
        handler = replace(await open_handler(aws, settings), within_s=0.5)
        weather.rate, weather.kinds = 1, ("silence",)
        handled = await handler.handle([created(own_plant, "hanging")])
    assert isinstance(outcome := handled["hanging"], Retry)
    assert outcome.reason == "TimeoutError"


def created(plant: Plant, name: str) -> Message:
    """S3's event of an object."""
    detail = {"bucket": {"name": plant.stack.input_bucket}, "object": {"key": f"uploads/{name}/a.mp4", "size": 5}}
    return Message(message_id=name, body=json.dumps({"detail-type": "Object Created", "detail": detail}))
