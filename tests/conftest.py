"""Fixtures that tests in several folders use: an AWS endpoint, and pipelines deployed in it.

The AWS endpoint is the embedded emulator, started once per run. TEST_AWS_ENDPOINT_URL names another one (LocalStack),
to run the same tests against it. The fixtures are synchronous, so that they share no event loop with a test.
"""

import asyncio
import functools
import os
import signal
import socket
import ssl
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import certifi
import pytest
from botocore.loaders import create_loader

from local.embedded_aws import CREDENTIALS, embedded_aws
from local.provision import LOCAL_PARAMETERS, Stack, deploy, pipeline_template


def pytest_configure() -> None:
    """Accept Ctrl-C also where a shell started the tests in the background: it ignores SIGINT, for all children too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what LocalStack can't do if the tests run against it."""
    if "TEST_AWS_ENDPOINT_URL" in os.environ:
        for item in items:
            if marker := item.get_closest_marker("localstack_cannot"):
                item.add_marker(pytest.mark.skip(reason=f"LocalStack: {marker.args[0]}"))


pytest_plugins = ["tests.system.fixtures", "tests.permission_check", "tests.proof_summary", "tests.file_order"]
"""A running system for tests/system and tests/browser, the order of the files, and the end of a run."""


@pytest.fixture(scope="session", autouse=True)
def _credentials() -> Iterator[None]:
    """Set test credentials, and remove all other AWS variables, so that no test uses an account of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session", autouse=True)
def _few_certificate_authorities(_credentials: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no client read all public authorities, which takes 50 ms of processor time each: all servers are local.

    In other processes this holds for the clients of AWS. uv, which they may start, still needs the authorities.
    """
    load, end = ssl.SSLContext.load_verify_locations, "-----END CERTIFICATE-----\n"
    one = tmp_path_factory.mktemp("authorities") / "one.pem"
    one.write_text("".join(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[:2]), encoding="utf-8")
    public = {certifi.where(), os.environ.get("SSL_CERT_FILE")}

    def _load(context: ssl.SSLContext, cafile: str | None = None, *others: Any) -> None:  # noqa: ANN401 -- passed on
        load(context, str(one) if cafile in public else cafile, *others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CA_BUNDLE", str(one))
        patch.setattr(ssl.SSLContext, "load_verify_locations", _load)
        patch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _cache_service_models() -> Iterator[None]:
    """Read AWS's service models once per run, not once per botocore session: MediaConvert's alone has 5 MB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", functools.cache(create_loader))
        yield


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Return a function that returns a port which was free a moment ago."""

    def _free_port() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port

    return _free_port


@pytest.fixture(scope="session")
def aws_endpoint(free_port: Callable[[], int]) -> Iterator[str]:
    """Yield the URL of an AWS endpoint in which tests may create anything."""
    if endpoint_url := os.environ.get("TEST_AWS_ENDPOINT_URL"):
        yield endpoint_url
        return
    with embedded_aws(port=free_port()) as endpoint_url:
        yield endpoint_url


@pytest.fixture(scope="session")
def deploy_stack(aws_endpoint: str) -> Callable[..., Stack]:
    """Return a function that deploys a new pipeline with unique names, given parameters of the template.

    For tests that need their own queues: `deploy_stack({"VisibilityTimeoutS": "1"})`.
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
        with ThreadPoolExecutor(1) as thread:  # the caller may already be in an event loop
            environment = thread.submit(asyncio.run, deployment).result()
        return Stack.of(endpoint_url=aws_endpoint, environment=environment)

    return _deploy_stack


@pytest.fixture(scope="session")
def stack(deploy_stack: Callable[..., Stack]) -> Stack:
    """Return the pipeline that tests share; each test uses its own keys and job ids."""
    return deploy_stack()
