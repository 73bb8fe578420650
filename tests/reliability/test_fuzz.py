"""Malformed messages and requests cause no crash, no hang and no 5xx, and no secret in any log at any level."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from local.embedded_aws import ROOT

from .conftest import is_ready
from .log_secrets import assert_no_secret
from .proof import Proof
from .receiving import Receiver
from .worker_system import WorkerSystem, eventually

MAX_BATCH_S = 20


def test_no_message_crashes_or_hangs_the_worker_or_reveals_a_secret(
    own_system: WorkerSystem, receiver: Receiver, proof: Proof
) -> None:
    """Each message is done, given up with a reason, or left for later; none fails with an unexpected exception.

    Events, requests to delete and to cancel, announcements, and messages of a webhooks' queue. A webhook that can't be
    sent is given up at once, because an endpoint would rest for it.
    """
    receiver.is_lenient, count = True, proof.length("MESSAGES", 1_500)
    seed = int(os.environ.get("SEED", "0")) or secrets.randbelow(2**31)
    log = own_system.folder / "fuzzing.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "tests.reliability.fuzzing", str(count), str(seed)],
            env={**os.environ, **own_system.environment(**receiver.settings(own_system.stack, 1))},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=60 + count / 20,
            check=False,
        )
    *lines, last = log.read_text(encoding="utf-8").splitlines()
    assert done.returncode == 0, last
    result = json.loads(last)
    failed = [line for line in lines if '"message.failed"' in line or '"webhook.not_sent"' in line]
    assert not failed, f"seed {seed}: {failed[0]}"
    handled, webhooks = result["messages"], result["webhooks"]
    assert (sum(handled["outcomes"].values()), sum(webhooks["outcomes"].values())) == (count, count // 4)
    assert "missing" not in {**handled["outcomes"], **webhooks["outcomes"]}
    assert "Retry" not in webhooks["outcomes"], (
        f"seed {seed}: {[each for each in lines if 'webhook.failed' in each][:1]}"
    )
    assert max(handled["slowest_s"], webhooks["slowest_s"]) < MAX_BATCH_S
    keys = assert_no_secret(own_system, log)
    proof.report(f"fuzz (seed {seed}): {count} bodies, {result}; {keys} keys looked for in {len(lines)} lines of log")


@pytest.fixture
def service_url(own_system: WorkerSystem, free_port: Callable[[], int]) -> str:
    """The URL of a service that logs at DEBUG."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    own_system.process("service", "service", PORT=str(port))
    eventually(lambda: is_ready(url), bool, deadline_s=30)
    return url


def operations(url: str) -> list[tuple[str, str, bool]]:
    """Return every operation of the OpenAPI document: method, path, and whether it is a stream."""
    paths = httpx.get(f"{url}/openapi.json", trust_env=False).json()["paths"]
    return [
        (method, path, "text/event-stream" in json.dumps(operation))
        for path, item in paths.items()
        for method, operation in item.items()
    ]


def test_no_request_makes_the_service_fail_or_reveals_a_secret(
    own_system: WorkerSystem, service_url: str, proof: Proof
) -> None:
    """There is never a 5xx, always a response, and no signature in the log.

    The short form leaves out schemathesis's coverage of each constraint: tests/integration/test_schemathesis.py sends
    the same requests.
    """
    examples = proof.length("REQUESTS", 5)
    phases = "examples,coverage,fuzzing" if proof.is_long else "examples,fuzzing"
    all_operations = operations(service_url)
    streams = [option for _, path, is_stream in all_operations if is_stream for option in ("--exclude-path", path)]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{service_url}/openapi.json", *streams),
            *("--checks", "not_a_server_error", "--request-timeout", "30", "--max-examples", str(examples)),
            *("--phases", phases, "--no-color", "--suppress-health-check", "all"),
        ],
        cwd=own_system.folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300 + 20 * examples,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert_no_secret(own_system, own_system.folder / "service.log")
    summary = [line.strip() for line in done.stdout.splitlines() if "generated," in line]
    proof.report(
        f"HTTP fuzz: {len(all_operations)} operations, {len(streams) // 2} of them streams; {'; '.join(summary)}"
    )


MALFORMED_QUERIES = [
    "",
    "?input_file=",
    "?input_file=%00",
    "?job_id=" + "a" * 3_000,
    "?x=%ff",
    "?input_file=a&input_file=b",
]


def test_no_request_makes_a_stream_fail(service_url: str) -> None:
    """A stream opens or is refused, but is never a 5xx."""
    for _, path, is_stream in operations(service_url):
        for query in MALFORMED_QUERIES if is_stream else ():
            with httpx.stream("GET", service_url + path + query, timeout=10, trust_env=False) as response:
                assert response.status_code < 500, (path, query)
