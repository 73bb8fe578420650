"""The API does what its description says, whatever is sent to it."""

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
    "--no-color",  # and no --workers: Python 3.11's parser can't be used by several threads so deep in a stack
)


@pytest.fixture(scope="module")
def served(stack: Stack) -> Iterator[str]:
    """The service in a thread of its own."""
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


def test_every_answer_is_one_that_the_description_allows(served: str, tmp_path: Path) -> None:
    """Whatever the request: a documented status, type and shape, never a 500, and nothing wrong is accepted.

    That everything well-formed is accepted is not asked: types, sizes and parts are refused for what they are.
    """
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{served}/openapi.json", *OPTIONS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    assert done.returncode == 0, done.stdout
