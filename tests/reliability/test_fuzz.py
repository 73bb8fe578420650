"""Whatever is sent, to the queues or over HTTP: no crash, no hang, no 5xx, and no secret in any log at any level."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from local.embedded import ROOT

from .proof import Proof
from .secrecy import assert_no_secret
from .worker_system import Plant, eventually

SLOWEST_BATCH_S = 20


def test_no_message_crashes_or_hangs_the_worker_or_makes_it_tell(own_plant: Plant, proof: Proof) -> None:
    """Each is done, buried with its reason, or left for later; none fails in a way that nobody thought of."""
    count = proof.length("MESSAGES", 1_500)
    seed = int(os.environ.get("SEED", "0")) or secrets.randbelow(2**31)
    log = own_plant.folder / "fuzzing.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "tests.reliability.fuzzing", str(count), str(seed)],
            env={**os.environ, **own_plant.environment()},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=60 + count / 20,
            check=False,
        )
    *lines, last = log.read_text(encoding="utf-8").splitlines()
    assert done.returncode == 0, last
    told = json.loads(last)
    failed = [line for line in lines if '"message.failed"' in line]
    assert not failed, f"seed {seed}: {failed[0]}"
    assert sum(told["outcomes"].values()) == count
    assert "forgotten" not in told["outcomes"]
    assert told["slowest_s"] < SLOWEST_BATCH_S
    keys = assert_no_secret(own_plant, log)
    proof.report(f"fuzz (seed {seed}): {count} bodies, {told}; {keys} keys looked for in {len(lines)} lines of log")


@pytest.fixture
def service_url(own_plant: Plant, free_port: Callable[[], int]) -> str:
    """A service at DEBUG."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    own_plant.process("service", "service", PORT=str(port))
    eventually(lambda: answers(url), bool, deadline_s=30)
    return url


def answers(url: str) -> bool:
    """Whether the service is ready."""
    try:
        return httpx.get(f"{url}/readyz", timeout=10, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def operations(url: str) -> list[tuple[str, str, bool]]:
    """Method, path and whether it is a stream, of every operation that the OpenAPI document has."""
    paths = httpx.get(f"{url}/openapi.json", trust_env=False).json()["paths"]
    return [
        (method, path, "text/event-stream" in json.dumps(operation))
        for path, item in paths.items()
        for method, operation in item.items()
    ]


def test_no_request_makes_the_service_fail_or_tell(own_plant: Plant, service_url: str, proof: Proof) -> None:
    """Whatever the OpenAPI document allows or forbids: never a 5xx, never no answer, no signature in the log."""
    examples = proof.length("REQUESTS", 5)
    listed = operations(service_url)
    streams = [option for _, path, is_stream in listed if is_stream for option in ("--exclude-path", path)]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{service_url}/openapi.json", *streams),
            *("--checks", "not_a_server_error", "--request-timeout", "30", "--max-examples", str(examples)),
            *("--phases", "examples,coverage,fuzzing", "--no-color", "--suppress-health-check", "all"),
        ],
        cwd=own_plant.folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300 + 20 * examples,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert_no_secret(own_plant, own_plant.folder / "service.log")
    summary = [line.strip() for line in done.stdout.splitlines() if "generated," in line]
    proof.report(f"HTTP fuzz: {len(listed)} operations, {len(streams) // 2} of them streams; {'; '.join(summary)}")


NASTY_QUERIES = [
    "",
    "?input_file=",
    "?input_file=%00",
    "?job_id=" + "a" * 3_000,
    "?x=%ff",
    "?input_file=a&input_file=b",
]


def test_no_request_makes_a_stream_fail(service_url: str) -> None:
    """What is asked of it decides whether it opens; a server's error it never is."""
    for _, path, is_stream in operations(service_url):
        for query in NASTY_QUERIES if is_stream else ():
            with httpx.stream("GET", service_url + path + query, timeout=10, trust_env=False) as answer:
                assert answer.status_code < 500, (path, query)
