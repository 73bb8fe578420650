"""What every test may ask for: an AWS endpoint, and a pipeline deployed in it.

The emulator is the embedded one, started once a run; TEST_AWS_ENDPOINT_URL names another (LocalStack) to run the same
tests against. Fixtures are synchronous inside, so that no test shares an event loop with them.
"""

import asyncio
import functools
import os
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.loaders import create_loader

from local.embedded import CREDENTIALS, embedded_aws
from local.provision import LOCAL_PARAMETERS, Stack, deploy, pipeline_template


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip by name what LocalStack can't do, where the tests run against it."""
    if "TEST_AWS_ENDPOINT_URL" in os.environ:
        for item in items:
            if marker := item.get_closest_marker("localstack_cannot"):
                item.add_marker(pytest.mark.skip(reason=f"LocalStack: {marker.args[0]}"))


pytest_plugins = ["tests.system.fixtures", "tests.permission_check", "tests.proof_summary"]
"""A running system for tests/system and tests/browser, and what the end of a run checks and prints."""


@pytest.fixture(scope="session", autouse=True)
def _credentials() -> Iterator[None]:
    """No test ever signs with credentials of the machine it runs on, or reaches an endpoint of its environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session", autouse=True)
def _models_read_once() -> Iterator[None]:
    """AWS's service models are read once a run, not once a session: each test has one, and MediaConvert's is 5 MB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", functools.cache(create_loader))
        yield


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Ports of this machine that nothing listened on a moment ago."""

    def _free_port() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port

    return _free_port


@pytest.fixture(scope="session")
def aws_endpoint(free_port: Callable[[], int]) -> Iterator[str]:
    """The URL of an AWS that tests may fill as they like."""
    if given := os.environ.get("TEST_AWS_ENDPOINT_URL"):
        yield given
        return
    with embedded_aws(port=free_port()) as endpoint_url:
        yield endpoint_url


@pytest.fixture(scope="session")
def deploy_stack(aws_endpoint: str) -> Callable[..., Stack]:
    """Deploys one more pipeline, none of whose names any other test has; takes parameters of the template.

    For tests that need queues of their own: `deploy_stack({"VisibilityTimeoutS": "1"})`.
    """

    def _deploy_stack(parameters: Mapping[str, str] | None = None) -> Stack:
        name = f"test-{uuid.uuid4().hex[:12]}"
        tables = {f"{table}Name": f"{name}-{table}" for table in ("InputFileTable", "OutputTable", "StatusTable")}
        deployment = deploy(
            pipeline_template(),
            endpoint_url=aws_endpoint,
            stack_name=name,
            parameters={**LOCAL_PARAMETERS, **tables, **(parameters or {})},
        )
        with ThreadPoolExecutor(1) as thread:  # the caller may be in an event loop of its own
            environment = thread.submit(asyncio.run, deployment).result()
        return Stack.of(endpoint_url=aws_endpoint, environment=environment)

    return _deploy_stack


@pytest.fixture(scope="session")
def stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """The pipeline that tests with names (keys, job ids) of their own share."""
    return deploy_stack()
