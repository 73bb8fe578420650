"""Fixtures of the reliability tests: their length, a clip, a system of the test's own, faults, and a back end."""

import os
import random
import secrets
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from local.provision import Stack

from .faults import FaultSettings, proxied
from .proof import Proof
from .receiving import Receiver, receiving
from .worker_system import Process, WorkerSystem, eventually, small_clip, worker_system

VISIBILITY_TIMEOUT_S = "5"


@pytest.fixture
def proof(record_property: Callable[[str, object], None]) -> Proof:
    """The length of this test."""
    return Proof(record=record_property, is_long=bool(os.environ.get("SOAK")))


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of one second."""
    return small_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def own_system(deploy_stack: Callable[..., Stack], tmp_path: Path) -> Iterator[WorkerSystem]:
    """A system that no other test uses, whose messages become visible again after a few seconds."""
    stack = deploy_stack({"VisibilityTimeoutS": VISIBILITY_TIMEOUT_S})
    with worker_system(stack, tmp_path) as system:
        yield system


@pytest.fixture
def faults() -> FaultSettings:
    """The faults, none at first."""
    return FaultSettings(rng=random.Random(secrets.randbelow(2**31)))  # noqa: S311 -- not for secrets


@pytest.fixture
def addresses(own_system: WorkerSystem, faults: FaultSettings) -> Iterator[dict[str, str]]:
    """The settings of a worker and a service whose AWS and MediaConvert are behind proxies."""
    with (
        proxied(own_system.stack.endpoint_url, faults) as aws,
        proxied(own_system.mediaconvert_url, faults) as mediaconvert,
    ):
        yield {
            "AWS_ENDPOINT_URL": aws,
            "MEDIACONVERT_ENDPOINT_URL": mediaconvert,
            "CLAIM_LEASE_S": "10",
            "LOG_LEVEL": "INFO",
        }


@pytest.fixture
def service(
    own_system: WorkerSystem, addresses: dict[str, str], free_port: Callable[[], int]
) -> Iterator[tuple[str, Process]]:
    """A service whose AWS is behind the proxy, and its URL."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = own_system.process("service", "service", PORT=str(port), **addresses)
    eventually(lambda: is_ready(url), bool, deadline_s=30)
    yield url, process
    process.end(signal.SIGTERM)


def is_ready(url: str) -> bool:
    """Return whether the service is ready."""
    try:
        return httpx.get(f"{url}/readyz", timeout=10, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A back end that receives webhooks."""
    with receiving() as each:
        yield each
