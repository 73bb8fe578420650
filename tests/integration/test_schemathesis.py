"""The API behaves as its OpenAPI document says, for any request."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from local.provision import Stack
from service.app import create_app
from service.server import Server
from tests.integration.process_settings import service_settings

DEADLINE_S = 20
LONGEST_S = 150
OPTIONS = (
    "--exclude-checks=positive_data_acceptance",
    "--max-examples=5",
    "--generation-deterministic",
    "--phases=examples,coverage,fuzzing",
    "--no-color",  # no --workers: Python 3.11's parser can't be used by several threads at this stack depth
)


@pytest.fixture(scope="module")
def service_url(stack: Stack) -> Iterator[str]:
    """The URL of the service, which runs in a thread."""
    app = create_app(service_settings(stack))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, loop="asyncio")
    listener = config.bind_socket()
    server = Server(app, config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="service")
    thread.start()
    deadline_s = time.monotonic() + DEADLINE_S
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


def test_every_response_is_one_that_the_openapi_document_allows(service_url: str, tmp_path: Path) -> None:
    """Every response has a documented status, type and schema; there is no 500, and no invalid request is accepted.

    The test doesn't check that every well-formed request is accepted: the API refuses types, sizes and parts by value.
    """
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{service_url}/openapi.json", *OPTIONS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    assert done.returncode == 0, done.stdout
