"""Fixtures for the program's own stores and handlers, on the shared pipeline of a real emulator."""

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial

import httpx
import pytest
import pytest_asyncio
from botocore.retries.standard import ExponentialBackoff

from local.embedded_aws import ROOT
from local.provision import Stack
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from tests.declared_permissions import SERVICE_OR_WORKER, WORKER
from tests.permission_check import save_call
from transcode.aws import Aws, open_aws
from worker.assembly import open_handler
from worker.deliveries import DeliveryHandler

from .aws_call_recorder import AwsCallRecorder
from .live_jobs import TICK_S
from .process_settings import service_settings, worker_settings
from .serving import Running, running
from .stores import Stores, open_stores

WITH_BOTH_CLIENTS = ("test_crash_points", "test_key_table", "test_lookup_table", "test_queue", "test_status_table")
"""The modules whose tests run with the clients of a long process, and with those of a Lambda function."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of some modules with both kinds of AWS clients."""
    if "in_threads" in metafunc.fixturenames and metafunc.module.__name__.endswith(WITH_BOTH_CLIENTS):
        metafunc.parametrize("in_threads", [False, True], ids=["asyncio", "threads"])


@pytest.fixture(scope="session")
def aws_calls() -> AwsCallRecorder:
    """The recorder of the calls that the code under test makes in this process."""
    return AwsCallRecorder(save=save_call)


@pytest.fixture(scope="session", autouse=True)
def _record_calls_of_each_process(aws_calls: AwsCallRecorder) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        aws_calls.install(patch)
        yield


@pytest.fixture(scope="module", autouse=True)
def _retry_at_once() -> Iterator[None]:
    """Let AWS's clients repeat a failed call at once; botocore's delay is random, up to some seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExponentialBackoff, "delay_amount", lambda _self, _context: 0.0)
        yield


@pytest.fixture(autouse=True)
def _fail_on_undeclared_calls(aws_calls: AwsCallRecorder) -> Iterator[None]:
    """Fail the test in which, or in whose fixtures, a process makes an AWS call that it doesn't declare."""
    yield
    assert aws_calls.take_undeclared() == []


@pytest.fixture
async def aws(stack: Stack) -> AsyncIterator[Aws]:
    """Clients for the test's own requests to the emulator, which are not recorded."""
    async with open_aws(region="us-east-1", endpoint_url=stack.endpoint_url) as opened:
        yield opened


@pytest.fixture
def in_threads() -> bool:
    """Return which clients a test gets: those of a long process, except in the modules of `WITH_BOTH_CLIENTS`."""
    return False


@pytest.fixture
async def worker_aws(stack: Stack, aws_calls: AwsCallRecorder, *, in_threads: bool) -> AsyncIterator[Aws]:
    """Clients for the parts of a worker that a test builds itself."""
    place = {"region": "us-east-1", "endpoint_url": stack.endpoint_url}
    async with aws_calls.open_aws(WORKER, **place, in_threads=in_threads) as opened:
        yield opened


@pytest.fixture
async def shared_aws(stack: Stack, aws_calls: AwsCallRecorder, *, in_threads: bool) -> AsyncIterator[Aws]:
    """Clients for the stores that service and worker share."""
    place = {"region": "us-east-1", "endpoint_url": stack.endpoint_url}
    async with aws_calls.open_aws(SERVICE_OR_WORKER, **place, in_threads=in_threads) as opened:
        yield opened


@pytest.fixture
async def stores(shared_aws: Aws, worker_aws: Aws, stack: Stack) -> Stores:
    """The program's stores on the shared pipeline."""
    return await open_stores(stack, shared_aws=shared_aws, worker_aws=worker_aws)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_stores(stack: Stack, aws_calls: AwsCallRecorder) -> AsyncIterator[Stores]:
    """The same stores, for modules whose tests share one event loop."""
    opened = partial(aws_calls.open_aws, region="us-east-1", endpoint_url=stack.endpoint_url)
    async with opened(SERVICE_OR_WORKER) as shared, opened(WORKER) as worker:
        yield await open_stores(stack, shared_aws=shared, worker_aws=worker)


@pytest.fixture
def job_id() -> str:
    """A job id of the test's own, in MediaConvert's form."""
    return f"{time.time_ns() // 1_000_000}-{secrets.token_hex(3)}"


@pytest.fixture
def input_file() -> str:
    """An input file of the test's own."""
    return f"uploads/{secrets.token_hex(8)}/clip.mp4"


@pytest.fixture(scope="session")
def mediaconvert_endpoint(stack: Stack) -> Iterator[str]:
    """The URL of a MediaConvert emulator that knows the job template and sends its events to the shared pipeline."""
    settings = EmulatorSettings(
        port=0,
        aws_endpoint_url=stack.endpoint_url,
        time_factor=100,
        ffmpeg_preset="ultrafast",
        templates=(ROOT / "infra" / "job_template.json",),
    )
    with serving(settings) as url:
        yield url


@pytest.fixture
async def handler(worker_aws: Aws, stack: Stack, mediaconvert_endpoint: str) -> DeliveryHandler:
    """The worker's message handler."""
    return await open_handler(worker_aws, worker_settings(stack, mediaconvert_endpoint))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live_service(stack: Stack) -> AsyncIterator[Running]:
    """A service on a port, which reads watched jobs ten times per second."""
    settings = service_settings(stack).model_copy(update={"tick_s": TICK_S, "heartbeat_s": 5.0})
    async with running(settings) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live_client(live_service: Running) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that service."""
    async with live_service.client() as opened:
        yield opened
