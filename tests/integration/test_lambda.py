"""Service and worker in AWS's Lambda runtime client, cold and warm, with real tables, queues and buckets."""

import asyncio
import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest

from local.embedded_aws import ROOT
from local.provision import Stack
from tests.integration.lambda_events import (
    MakeEvent,
    from_queue,
    http_api,
    json_of,
    load_balancer,
    parse_response,
    rest_api,
)
from tests.integration.lambda_queues import EVENTS, arn_of, dead_letter_bodies, event, send_and_receive
from tests.integration.lambda_runtime import Container, container
from tests.integration.lambda_transport import invoking
from tests.integration.process_settings import service_settings
from tests.integration.stores import Stores
from tests.lambda_runtime_api import InvocationError
from tests.process_environment import environment_of
from transcode.aws import Aws
from transcode.cancel_requested import cancel_requested
from transcode.job import Job, Progressed, Status
from transcode.lookup import Lookup
from transcode.queue_table import QueueTable
from worker.delivery_notes import DeliveryNotes
from worker.outcomes import Message
from worker.retry import MAX_DEATHS

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

SOURCES = [rest_api, http_api, load_balancer]


@pytest.fixture(scope="module")
def service(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """The service's function."""
    log = tmp_path_factory.mktemp("lambda") / "service.log"
    with container("service.lambda_handler.handler", environment_of(stack), log=log) as started:
        yield started


@pytest.fixture(scope="module")
def worker(stack: Stack, mediaconvert_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """The worker's function."""
    log = tmp_path_factory.mktemp("lambda") / "worker.log"
    settings = {**environment_of(stack), "MEDIACONVERT_ENDPOINT_URL": mediaconvert_endpoint}
    with container("worker.lambda_handler.handler", settings, log=log) as started:
        yield started


@pytest.fixture(scope="module")
def reconciliation(
    stack: Stack, mediaconvert_endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    """The reconciliation function, which leaves a job alone for one second only."""
    log = tmp_path_factory.mktemp("lambda") / "reconcile.log"
    settings = {
        **environment_of(stack),
        "MEDIACONVERT_ENDPOINT_URL": mediaconvert_endpoint,
        "RECONCILE_INTERVAL_S": "1",
    }
    settings |= {"RECONCILE_OVERDUE_S": "0", "RECONCILE_CALLS_PER_S": "100"}
    with container("worker.lambda_reconcile.handler", settings, log=log) as started:
        yield started


@pytest.fixture
async def sqs(aws: Aws) -> "SQSClient":
    """A client of the emulator's SQS."""
    return await aws.sqs()


def get(make_event: MakeEvent, url: str, **headers: str) -> dict[str, Any]:
    """Return a GET as an event of one of Lambda's HTTP event sources."""
    return make_event("GET", url, headers={"Host": "api.example.com", **headers}, body=b"")


@pytest.mark.parametrize("make_event", SOURCES, ids=lambda each: each.__name__)
async def test_every_event_source_passes_requests_unchanged(
    service: Container, stores: Stores, make_event: MakeEvent
) -> None:
    """Special characters, spaces and other scripts in a key arrive unchanged."""
    input_file = f"uploads/{secrets.token_hex(4)}/私 a+b%20c&d=e?f#g.mp4"
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="ä.mp4"), now_s=int(time.time()))
    response = service.invoke(get(make_event, f"/jobs?input_file={quote(input_file, safe='')}"))
    job = json_of(response)
    assert response["statusCode"] == 200, job
    assert (job["input_file"], job["file_name"], job["status"]) == (input_file, "ä.mp4", "AWAITING_UPLOAD")


@pytest.mark.parametrize("make_event", SOURCES, ids=lambda each: each.__name__)
def test_every_event_source_returns_errors_in_the_same_form(service: Container, make_event: MakeEvent) -> None:
    """The service validates the body of a POST, as it does in a container."""
    headers = {"Content-Type": "application/json", "Host": "api.example.com"}
    response = service.invoke(make_event("POST", "/uploads", headers=headers, body=b'{"file_name": "a.mp4"}'))
    assert (response["statusCode"], json_of(response)["code"]) == (422, "invalid_request")
    assert not response.get("isBase64Encoded"), "a REST API would send the encoded text"


@pytest.mark.parametrize("make_event", SOURCES, ids=lambda each: each.__name__)
def test_the_error_for_streams_names_the_long_poll(service: Container, make_event: MakeEvent) -> None:
    """Lambda returns only whole responses: the error names the long poll."""
    response = service.invoke(get(make_event, "/events?job_id=1-abc"))
    assert (response["statusCode"], json_of(response)["code"]) == (501, "streaming_unavailable")
    assert "/jobs/{job_id}/progress?wait_s=" in json_of(response)["detail"]


async def test_a_long_poll_works_on_lambda(service: Container, stores: Stores, job_id: str) -> None:
    """It waits for its time and ends with 304; a change ends it with 200."""
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=1, percent=10), now_s=int(time.time()))
    first = service.invoke(get(http_api, f"/jobs/{job_id}/progress"))
    tag = dict(parse_response(first)[1])["etag"]
    held = service.invoke(get(http_api, f"/jobs/{job_id}/progress?wait_s=0.2", **{"If-None-Match": tag}))
    waiting = asyncio.to_thread(
        service.invoke, get(http_api, f"/jobs/{job_id}/progress?wait_s=20", **{"If-None-Match": tag})
    )
    change = stores.statuses.advance(Progressed(job_id=job_id, time_ms=2, percent=20), now_s=int(time.time()))
    changed, _ = await asyncio.gather(waiting, change)
    assert (held["statusCode"], changed["statusCode"]) == (304, 200)
    assert json_of(changed)["progress_percent"] == 20


async def test_the_base_path_is_removed_from_every_path(stack: Stack) -> None:
    """API_BASE_PATH: the routes respond below it, and the documentation page finds its files and its schema there."""
    settings = service_settings(stack).model_copy(update={"api_base_path": "/prod"})
    async with invoking(settings, http_api) as api:
        page = (await api.get("/prod/docs")).text
        linked = re.findall(r"(?:src|href)=\"([^\"]+)\"|url: '([^']+)'", page)
        assert (await api.get("/prod/jobs/1-nosuch")).json()["code"] == "job_not_found"
        assert [(await api.get(source or url)).status_code for source, url in linked] == [200] * len(linked)
        assert ("", "/prod/openapi.json") in linked


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads a process's connections from /proc")
def test_a_warm_call_of_the_service_opens_no_connection(service: Container, stack: Stack) -> None:
    """Later calls use the connection of the first call, because the clients are kept."""
    port = urlsplit(stack.endpoint_url).port or 80
    assert service.invoke(get(http_api, "/jobs/1-nosuch"))["statusCode"] == 404
    before = service.connections_to(port)
    for _ in range(3):
        service.invoke(get(http_api, "/jobs/1-nosuch"))
    assert before
    assert service.connections_to(port) == before


@pytest.mark.parametrize(
    ("handler", "missing"),
    [("service.lambda_handler.handler", "INPUT_BUCKET"), ("worker.lambda_handler.handler", "UPLOADS_QUEUE_URL")],
)
def test_wrong_settings_end_the_container_at_its_start(
    stack: Stack, tmp_path: Path, handler: str, missing: str
) -> None:
    """One line of the log names the missing setting."""
    settings = {name: value for name, value in environment_of(stack).items() if name != missing}
    with container(handler, settings, log=tmp_path / "log") as broken:
        assert broken.process.wait(30) != 0
        assert f"settings: {missing}: Field required" in broken.log.read_text(encoding="utf-8")


NEVER_NEEDED = (
    *("uvicorn", "uvloop", "httptools", "aiohttp", "aiobotocore", "httpx"),
    *("pydantic_settings", "dotenv", "cryptography", "typer", "jsonschema", "local", "transcode.otel"),
)
"""Modules that no function imports: servers, other clients, and features that the settings leave off."""
NEEDED_BY_NO_JOB_EVENT = (
    *(*NEVER_NEEDED, "fastapi", "starlette", "mangum", "opentelemetry", "service", "transcode.job_view"),
    *("worker.audit", "worker.backfill", "worker.redrive", "worker.announce.announcer", "worker.webhooks.http_client"),
)
"""Modules that the worker's functions don't import either: the API, the commands, and the way to subscribers."""


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        ("service.lambda_app", (*NEVER_NEEDED, "worker", "jwt", "limits", "service.playback.signer")),
        ("worker.lambda_app", (*NEEDED_BY_NO_JOB_EVENT, "worker.reconcile")),
        ("worker.reconcile.scheduled", NEEDED_BY_NO_JOB_EVENT),
    ],
)
def test_a_cold_start_imports_no_unneeded_module(module: str, unneeded: tuple[str, ...]) -> None:
    """No server, no AWS client of another kind, no code of the other process or of a command, and no unused feature."""
    code = f"import sys, {module}; print([name for name in {unneeded} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_batch_response_names_the_messages_to_retry(
    worker: Container, stack: Stack, stores: Stores, sqs: "SQSClient", job_id: str
) -> None:
    """Lambda deletes handled messages; malformed ones go to the dead-letter queue; the rest are delivered again."""
    waiting_id = f"{job_id}-w"
    bodies = [
        json.dumps(event("job_status_update", stack, job_id)),
        "{nonsense",
        json.dumps(event("job_complete_hls", stack, waiting_id)),
    ]
    messages = [await send_and_receive(sqs, stack.job_events_queue_url, body) for body in bodies]
    arn = await arn_of(sqs, stack.job_events_queue_url)
    response = worker.invoke(from_queue(arn, messages))
    job = await stores.statuses.get(job_id, now_s=int(time.time()), consistent=True)
    assert response == {"batchItemFailures": [{"itemIdentifier": messages[2]["MessageId"]}]}
    assert job is not None
    assert job.status is Status.PROGRESSING
    assert "{nonsense" in await dead_letter_bodies(sqs, stack.job_events_dead_letter_queue_url)


async def test_a_request_to_cancel_is_carried_out(
    worker: Container, stack: Stack, stores: Stores, sqs: "SQSClient", job_id: str
) -> None:
    """It comes through the queue of job events; MediaConvert doesn't have this job, so nothing else is to end."""
    await stores.statuses.submit(Job(job_id=job_id), now_s=int(time.time()))
    body = cancel_requested(bucket=stack.input_bucket, job_id=job_id, input_file=None)
    message = await send_and_receive(sqs, stack.job_events_queue_url, body)
    response = worker.invoke(from_queue(await arn_of(sqs, stack.job_events_queue_url), [message]))
    job = await stores.statuses.get(job_id, now_s=int(time.time()), consistent=True)
    assert response == {"batchItemFailures": []}
    assert job is not None
    assert job.status is Status.CANCELED


async def test_a_suspect_is_handled_after_the_others_are_deleted(
    worker: Container, stack: Stack, stores: Stores, sqs: "SQSClient", job_id: str
) -> None:
    """Five workers died while they held it: this one deletes the other messages of the batch itself, and lives."""
    bodies = [json.dumps(event("job_status_update", stack, each)) for each in (job_id, f"{job_id}-s")]
    other, suspect = [await send_and_receive(sqs, stack.job_events_queue_url, body) for body in bodies]
    suspect["Attributes"]["ApproximateReceiveCount"] = str(MAX_DEATHS + 1)
    delivered = Message(message_id="1", body=bodies[1])
    notes = DeliveryNotes(stores.outputs._client, stack.output_table)  # noqa: SLF001 -- the fixture's client
    for _ in range(MAX_DEATHS - 1):
        await notes.begin(delivered, now_ms=int(time.time() * 1000))
    answer = worker.invoke(from_queue(await arn_of(sqs, stack.job_events_queue_url), [other, suspect]))
    assert answer == {"batchItemFailures": []}
    assert "message.handled_alone" in worker.log.read_text(encoding="utf-8")
    job = await stores.statuses.get(f"{job_id}-s", now_s=int(time.time()), consistent=True)
    assert job is not None
    assert (await notes.begin(delivered, now_ms=int(time.time() * 1000))).open_deliveries == 1


async def test_an_upload_becomes_a_job_from_any_source_of_its_event(
    worker: Container, stack: Stack, stores: Stores, sqs: "SQSClient"
) -> None:
    """S3's event from the queue, or directly from EventBridge or from S3: three files, three jobs.

    The first invocation of each sends the file on; the invocation for the submission queue creates its job.
    """
    files = [f"uploads/{secrets.token_hex(4)}/clip.mp4" for _ in range(3)]
    created = [object_created(stack, each) for each in files[:2]]
    message = await send_and_receive(sqs, stack.uploads_queue_url, json.dumps(created[0]))
    arn = await arn_of(sqs, stack.uploads_queue_url)
    assert worker.invoke(from_queue(arn, [message])) == {"batchItemFailures": []}
    assert worker.invoke(created[1]) is None
    assert worker.invoke(notification(stack, files[2])) is None
    queued = [await stores.lookups.get(each, now_s=int(time.time()), consistent=True) for each in files]
    assert all(each and each.is_queued for each in queued)
    for each in files:
        await submit(worker, stack, sqs, each)
    lookups = [await stores.lookups.get(each, now_s=int(time.time()), consistent=True) for each in files]
    assert all(each and each.job_id for each in lookups)


async def submit(worker: Container, stack: Stack, sqs: "SQSClient", input_file: str) -> None:
    """Invoke the function with the file's message from the submission queue."""
    arn = await arn_of(sqs, stack.submission_queue_url)
    async with asyncio.timeout(20):
        while True:
            response = await sqs.receive_message(
                QueueUrl=stack.submission_queue_url, MaxNumberOfMessages=1, WaitTimeSeconds=1
            )
            for message in response.get("Messages", []):
                assert worker.invoke(from_queue(arn, [message])) == {"batchItemFailures": []}
                await sqs.delete_message(QueueUrl=stack.submission_queue_url, ReceiptHandle=message["ReceiptHandle"])
                if input_file in message["Body"]:
                    return


def object_created(stack: Stack, input_file: str) -> dict[str, Any]:
    """Return S3's event, as EventBridge sends it."""
    recorded: dict[str, Any] = json.loads((EVENTS / "s3_object_created.json").read_text(encoding="utf-8"))
    recorded["detail"]["bucket"]["name"] = stack.input_bucket
    recorded["detail"]["object"] |= {"key": input_file, "version-id": secrets.token_hex(8)}
    return recorded


def notification(stack: Stack, input_file: str) -> dict[str, Any]:
    """Return S3's own notification."""
    recorded: dict[str, Any] = json.loads((EVENTS / "s3_notification.json").read_text(encoding="utf-8"))
    record = recorded["Records"][0]
    recorded["Records"] = [record]
    record["s3"]["bucket"]["name"] = stack.input_bucket
    record["s3"]["object"] |= {"key": quote(input_file), "versionId": secrets.token_hex(8)}
    return recorded


async def test_an_event_without_a_queue_is_applied(
    worker: Container, stack: Stack, stores: Stores, job_id: str
) -> None:
    """EventBridge may invoke the function directly, in systems without queues."""
    assert worker.invoke(event("job_progressing", stack, job_id)) is None
    job = await stores.statuses.get(job_id, now_s=int(time.time()), consistent=True)
    assert job is not None
    assert job.status is Status.PROGRESSING


def test_an_unhandled_event_without_a_queue_fails_the_invocation(worker: Container, stack: Stack, job_id: str) -> None:
    """Lambda then retries, and finally keeps the event: both for an event that has to wait and for a malformed one."""
    with pytest.raises(InvocationError, match="key row"):
        worker.invoke(event("job_complete_hls", stack, job_id))
    with pytest.raises(InvocationError, match="neither an event nor a notification"):
        worker.invoke({"hello": "world"})


async def test_an_invocation_of_the_worker_measures_the_queues(
    worker: Container, stack: Stack, stores: Stores, sqs: "SQSClient", job_id: str
) -> None:
    """The service computes the places of waiting files from the sample; on Lambda no other process measures."""
    message = await send_and_receive(
        sqs, stack.job_events_queue_url, json.dumps(event("job_status_update", stack, job_id))
    )
    for _ in range(2):  # the container's first invocation measures nothing
        worker.invoke(from_queue(await arn_of(sqs, stack.job_events_queue_url), [message]))
    table = QueueTable(stores.statuses.client, stack.status_table, ttl_s=60)
    assert (await table.figures(now_s=int(time.time()), is_consistent=True)).samples


def test_messages_of_an_unknown_queue_are_refused(worker: Container) -> None:
    """The function reports the wrong queue, and handles nothing."""
    message = {"MessageId": "1", "ReceiptHandle": "r", "Body": "{}"}
    with pytest.raises(InvocationError, match="queue strangers is none of"):
        worker.invoke(from_queue("arn:aws:sqs:us-east-1:000000000000:strangers", [message]))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads a process's connections from /proc")
def test_a_warm_call_of_the_worker_opens_no_connection(worker: Container, stack: Stack, job_id: str) -> None:
    """Later calls use the connection of the first call."""
    port = urlsplit(stack.endpoint_url).port or 80
    worker.invoke(event("job_progressing", stack, job_id))
    before = worker.connections_to(port)
    for at in range(3):
        worker.invoke(event("job_status_update", stack, job_id, timestamp=2_000_000_000_000 + at))
    assert before
    assert worker.connections_to(port) == before


async def test_a_scheduled_reconciliation_repairs_lost_events(
    worker: Container, reconciliation: Container, stack: Stack, stores: Stores, aws: Aws, sqs: "SQSClient"
) -> None:
    """MediaConvert has ended a job, whose events no worker received; the next scheduled invocation ends the job."""
    input_file = f"uploads/{secrets.token_hex(4)}/clip.mp4"
    await (await aws.s3()).put_object(Bucket=stack.input_bucket, Key=input_file, Body=b"no video")
    worker.invoke(object_created(stack, input_file))
    await submit(worker, stack, sqs, input_file)
    async with asyncio.timeout(30):
        while True:
            tally = await asyncio.to_thread(reconciliation.invoke, {"source": "aws.scheduler"})
            lookup = await stores.lookups.get(input_file, now_s=int(time.time()), consistent=True)
            assert lookup
            assert lookup.job_id
            job = await stores.statuses.get(lookup.job_id, now_s=int(time.time()), consistent=True)
            if job and job.status is Status.ERROR:
                break
            await asyncio.sleep(0.2)
    counts = "open overdue postponed checked adopted canceled ended unmended silent stuck announced"
    assert set(tally) == set(counts.split())
    assert tally["ended"] >= 1
