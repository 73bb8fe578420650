"""SnapStart: copies of one initialised function share neither connections, credentials, secrets nor randomness."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.loaders import create_loader

from local.embedded_aws import CREDENTIALS
from local.playback_key import new_key_pair
from local.provision import Stack
from tests.integration.lambda_events import from_queue, http_api, parse_response
from tests.integration.lambda_queues import event
from tests.integration.lambda_runtime import container
from tests.integration.snapshot_copies import Snapshot, snapshot_of
from tests.process_environment import environment_of
from transcode.aws import Aws, open_aws
from transcode.snapstart import INITIALIZATION_TYPE, RESTORE_TIMEOUT_S, SNAPSTART
from worker.submission.profile_check import CHECK_TIMEOUT_S

READY = http_api("GET", "/readyz", headers={"Host": "api.example.com"}, body=b"")
COOKIES = {"PLAYBACK_BASE_URL": "https://video.example", "PLAYBACK_KEY_PAIR_ID": "KTEST"}


class Credentials(ThreadingHTTPServer):
    """The endpoint from which each container of a SnapStart function gets its own credentials."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _CredentialsRequest)
        self.requests = 0


class _CredentialsRequest(BaseHTTPRequestHandler):
    server: Credentials

    def do_GET(self) -> None:
        """Return the emulator's credentials, which expire in the far future."""
        self.server.requests += 1
        found = {
            "AccessKeyId": CREDENTIALS["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            "Token": "token",
            "Expiration": "2099-01-01T00:00:00Z",
        }
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def credentials() -> Iterator[Credentials]:
    """A running endpoint."""
    with Credentials() as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server
        server.shutdown()
        serving.join()


@contextmanager
def service(stack: Stack, credentials: Credentials, tmp_path: Path, **settings: str) -> Iterator[Snapshot]:
    """Yield the snapshot of the service, whose credentials come from the endpoint."""
    with snapshot_of(
        "service.lambda_handler.handler",
        {**environment_of(stack), **without_credentials(credentials), **settings},
        log=tmp_path / "log",
    ) as made:
        yield made


def without_credentials(credentials: Credentials) -> dict[str, str]:
    """Return the environment of a function that finds its credentials at the endpoint, as in Lambda."""
    return {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{credentials.server_port}/",
    }


def request_id(response: Any) -> str:  # noqa: ANN401 -- JSON
    """Return the id of a response's request."""
    assert response["statusCode"] == 200, response
    return dict(parse_response(response)[1])["x-request-id"]


def test_a_snapshot_of_the_service_has_no_connection_and_no_credentials(
    stack: Stack, credentials: Credentials, tmp_path: Path
) -> None:
    """Each copy gets credentials and connections of its own, and keeps them for its next request."""
    issuer = {"AUTH_ISSUER": "http://127.0.0.1:9/", "AUTH_AUDIENCE": "api"}
    with service(stack, credentials, tmp_path, **issuer) as snapshot:
        assert (snapshot.connections, credentials.requests) == ([], 0)
        first, second = snapshot.copy(READY, READY), snapshot.copy(READY)
    assert credentials.requests == 2
    assert first.connections
    assert second.connections
    assert not set(first.connections) & set(second.connections)


def test_copies_draw_different_request_ids(stack: Stack, credentials: Credentials, tmp_path: Path) -> None:
    """Without a new seed, all containers of a release would use the same ids in the same order."""
    with service(stack, credentials, tmp_path) as snapshot:
        copies = [snapshot.copy(READY, READY) for _ in range(2)]
    ids = [request_id(response) for copy in copies for response in copy.results]
    assert len(set(ids)) == len(ids) == 4


async def test_a_snapshot_has_the_models_of_its_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a copy has started, a client is created without reading a file of botocore's."""
    monkeypatch.setattr("botocore.session.create_loader", create_loader)  # the one of this test only
    monkeypatch.setenv(INITIALIZATION_TYPE, SNAPSTART)
    async with open_aws(region="us-east-1", in_threads=True) as aws:
        clients = [await aws.dynamodb(), await aws.sqs()]
        with monkeypatch.context() as copied:
            copied.setattr("botocore.loaders.JSONFileLoader.load_file", _refuse)
            assert [client.meta.service_model.service_name for client in clients] == ["dynamodb", "sqs"]


def _refuse(*_: object) -> None:
    raise AssertionError("a file is read")


async def test_each_copy_reads_the_playback_key_that_is_valid_when_it_starts(
    stack: Stack, aws: Aws, credentials: Credentials, tmp_path: Path
) -> None:
    """The snapshot has no secret: a container starts with the newest one, or doesn't start."""
    client = await aws.secretsmanager()
    name = f"playback-{secrets.token_hex(4)}"
    arn = (await client.create_secret(Name=name, SecretString="none yet"))["ARN"]
    with service(stack, credentials, tmp_path, PLAYBACK_PRIVATE_KEY_SECRET_ARN=arn, **COOKIES) as snapshot:
        assert snapshot.connections == []
        too_early = snapshot.copy(READY)
        await client.put_secret_value(SecretId=arn, SecretString=new_key_pair().private_pem)
        started = snapshot.copy(READY)
        await client.put_secret_value(SecretId=arn, SecretString="withdrawn")
        too_late = snapshot.copy(READY)
    assert started.failed is None
    assert request_id(started.results[0])
    assert [copy.failed for copy in (too_early, too_late)] == [
        "PlaybackKeyError: no private key in PEM, or one with a password"
    ] * 2


def test_each_copy_of_the_worker_checks_the_job_templates_itself(
    stack: Stack, mediaconvert_endpoint: str, credentials: Credentials, tmp_path: Path, job_id: str
) -> None:
    """The snapshot calls neither MediaConvert nor AWS; a template may have changed since then."""
    settings = {
        **environment_of(stack),
        **without_credentials(credentials),
        **COOKIES,
        "MEDIACONVERT_ENDPOINT_URL": mediaconvert_endpoint,
        "MEDIACONVERT_JOB_TEMPLATES": json.dumps({"hls": "no-such-template"}),
    }
    record = {"MessageId": "1", "ReceiptHandle": "1", "Body": json.dumps(event("job_status_update", stack, job_id))}
    message = {**record, "Attributes": {"ApproximateReceiveCount": "1"}}
    batch = from_queue(f"arn:aws:sqs:us-east-1:000000000000:{_name(stack.job_events_queue_url)}", [message])
    log = tmp_path / "log"
    with snapshot_of("worker.lambda_handler.handler", settings, log=log) as snapshot:
        assert (snapshot.connections, credentials.requests) == ([], 0)
        assert "profiles.unchecked" not in log.read_text(encoding="utf-8")
        first, second = snapshot.copy(batch), snapshot.copy(batch)
        assert log.read_text(encoding="utf-8").count("profiles.unchecked") == 2
    assert (first.results, second.results) == ([{"batchItemFailures": []}],) * 2
    assert credentials.requests == 2
    assert not set(first.connections) & set(second.connections)


def test_a_worker_starts_within_lambdas_limit_while_mediaconvert_does_not_respond() -> None:
    """Otherwise no container of the worker would start then, although it has events to handle."""
    assert CHECK_TIMEOUT_S <= RESTORE_TIMEOUT_S / 2


def test_awss_runtime_client_runs_the_hooks(stack: Stack, tmp_path: Path) -> None:
    """A container whose hook fails reports it and ends; otherwise it handles invocations."""
    settings = {**environment_of(stack), INITIALIZATION_TYPE: SNAPSTART}
    with container("service.lambda_handler.handler", settings, log=tmp_path / "log") as started:
        assert request_id(started.invoke(READY))
    arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:none-a1b2c3"
    broken = {**settings, **COOKIES, "PLAYBACK_PRIVATE_KEY_SECRET_ARN": arn}
    with container("service.lambda_handler.handler", broken, log=tmp_path / "broken") as ended:
        assert ended.process.wait(30) == 65  # the exit status of AWS's client after a failed hook
        assert "playback.key_unusable" in (tmp_path / "broken").read_text(encoding="utf-8")


def _name(queue_url: str) -> str:
    return urlsplit(queue_url).path.rsplit("/", 1)[-1]
