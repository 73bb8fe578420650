"""The project's own stores, on the shared pipeline of a real emulator."""

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.embedded_aws import ROOT
from local.provision import Stack
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from transcode.aws import Aws, open_aws
from transcode.dynamodb import Lifetimes
from transcode.lookup_table import LookupTable
from transcode.status_table import StatusTable
from worker.artifacts import ArtifactStore
from worker.assembly import open_handler
from worker.batch import BatchHandler
from worker.key_table import KeyTable
from worker.settings import WorkerSettings

from .aws_call_recorder import Calls, watch

STATUS_TTL_S = 86_400
OUTPUT_TTL_S = 14 * 86_400
LAST_MODULE = "test_permissions_used.py"
LAST_TEST = "test_every_permission_is_used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Every table and bucket of ours."""

    statuses: StatusTable
    lookups: LookupTable
    outputs: KeyTable
    artifacts: ArtifactStore


@pytest.fixture(scope="session", autouse=True)
def asked_of_aws() -> Iterator[Calls]:
    """What the code under test has asked of AWS so far."""
    noted = Calls()
    with watch(noted):
        yield noted


@pytest.fixture(autouse=True)
def _all_calls_are_declared(asked_of_aws: Calls) -> Iterator[None]:
    """No test passes in which a process asks AWS for what it doesn't declare."""
    before = len(asked_of_aws.undeclared)
    yield
    assert asked_of_aws.undeclared[before:] == []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the test of what was asked be the last one, and skip it where only a part of the others run."""
    last = [item for item in items if item.path.name == LAST_MODULE]
    items[:] = [*(item for item in items if item not in last), *last]
    everything = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    is_part = not everything <= {item.path.name for item in items} or any(
        config.getoption(option, None) for option in ("keyword", "markexpr", "lf", "deselect")
    )
    for item in last:
        if is_part and item.name.startswith(LAST_TEST):
            item.add_marker(pytest.mark.skip(reason="only a part of the integration tests runs"))


@pytest.fixture
async def aws(stack: Stack) -> AsyncIterator[Aws]:
    """Clients for the emulator, closed after the test."""
    async with open_aws(region="us-east-1", endpoint_url=stack.endpoint_url) as opened:
        yield opened


@pytest.fixture
async def stores(aws: Aws, stack: Stack) -> Stores:
    """The stores, as the worker opens them."""
    dynamodb = await aws.dynamodb()
    lifetimes = Lifetimes(changed_s=STATUS_TTL_S, waiting_s=OUTPUT_TTL_S)
    return Stores(
        statuses=StatusTable(dynamodb, stack.status_table, lifetimes),
        lookups=LookupTable(dynamodb, stack.input_file_table, lifetimes),
        outputs=KeyTable(dynamodb, stack.output_table, ttl_s=OUTPUT_TTL_S),
        artifacts=ArtifactStore(await aws.s3(), stack.output_bucket),
    )


@pytest.fixture
def job_id() -> str:
    """A job id of the test's own, in MediaConvert's shape."""
    return f"{time.time_ns() // 1_000_000}-{secrets.token_hex(3)}"


@pytest.fixture
def input_file() -> str:
    """An input file of the test's own."""
    return f"uploads/{secrets.token_hex(8)}/clip.mp4"


@pytest.fixture(scope="session")
def mediaconvert_endpoint(stack: Stack) -> Iterator[str]:
    """The MediaConvert emulator, sending its events to the shared pipeline; knows the project's job template."""
    settings = EmulatorSettings(
        port=0,
        aws_endpoint_url=stack.endpoint_url,
        time_factor=100,
        templates=(ROOT / "infra" / "job_template.json",),
    )
    with serving(settings) as url:
        yield url


@pytest.fixture
async def handler(aws: Aws, stack: Stack, mediaconvert_endpoint: str) -> BatchHandler:
    """What handles messages, put together as the worker does it."""
    return await open_handler(aws, worker_settings(stack, mediaconvert_endpoint))


def worker_settings(stack: Stack, mediaconvert_endpoint: str) -> WorkerSettings:
    """The worker's settings for a deployed pipeline."""
    return WorkerSettings(
        input_bucket=stack.input_bucket,
        output_bucket=stack.output_bucket,
        input_file_table=stack.input_file_table,
        output_table=stack.output_table,
        status_table=stack.status_table,
        uploads_queue_url=stack.uploads_queue_url,
        job_events_queue_url=stack.job_events_queue_url,
        mediaconvert_role="arn:aws:iam::000000000000:role/MediaConvert",
        mediaconvert_endpoint_url=mediaconvert_endpoint,
        mediaconvert_queue="Default",
        aws_endpoint_url=stack.endpoint_url,
    )
