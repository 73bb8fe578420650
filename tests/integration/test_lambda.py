"""Service and worker in AWS's own Lambda runtime client, cold and warm, on real tables, queues and buckets."""

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

from local.embedded import ROOT
from local.provision import Stack
from tests.integration.lambda_events import (
    MakeEvent,
    answered,
    from_queue,
    http_api,
    json_of,
    load_balancer,
    rest_api,
)
from tests.integration.lambda_runtime import Container, container
from tests.integration.lambda_transport import invoking
from tests.integration.process_settings import service_settings
from tests.integration.stores import Stores
from tests.lambda_runtime_api import InvocationError
from transcode.aws import Aws
from transcode.job import Progressed, Status
from transcode.lookup import Lookup

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

SOURCES = [rest_api, http_api, load_balancer]
EVENTS = Path(__file__).parents[1] / "events"


def settings_of(stack: Stack) -> dict[str, str]:
    """The environment of both functions."""
    return {
        "AWS_ENDPOINT_URL": stack.endpoint_url,
        "INPUT_BUCKET": stack.input_bucket,
        "OUTPUT_BUCKET": stack.output_bucket,
        "INPUT_FILE_TABLE": stack.input_file_table,
        "OUTPUT_TABLE": stack.output_table,
        "STATUS_TABLE": stack.status_table,
        "UPLOADS_QUEUE_URL": stack.uploads_queue_url,
        "JOB_EVENTS_QUEUE_URL": stack.job_events_queue_url,
        "MEDIACONVERT_ROLE": "arn:aws:iam::000000000000:role/MediaConvert",
    }


@pytest.fixture(scope="module")
def service(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """The service's function."""
    log = tmp_path_factory.mktemp("lambda") / "service.log"
    with container("service.lambda_handler.handler", settings_of(stack), log=log) as started:
        yield started


@pytest.fixture(scope="module")
def worker(stack: Stack, mediaconvert_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """The worker's function."""
    log = tmp_path_factory.mktemp("lambda") / "worker.log"
    settings = {**settings_of(stack), "MEDIACONVERT_ENDPOINT_URL": mediaconvert_endpoint}
    with container("worker.lambda_handler.handler", settings, log=log) as started:
        yield started


@pytest.fixture(scope="module")
def reconciliation(
    stack: Stack, mediaconvert_endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    """The function that reconciles, which leaves a job alone for a second only."""
    log = tmp_path_factory.mktemp("lambda") / "reconcile.log"
    settings = {**settings_of(stack), "MEDIACONVERT_ENDPOINT_URL": mediaconvert_endpoint, "RECONCILE_INTERVAL_S": "1"}
    with container("worker.lambda_reconcile.handler", settings, log=log) as started:
        yield started


@pytest.fixture
async def sqs(aws: Aws) -> "SQSClient":
    """A client of the emulator's SQS."""
    return await aws.sqs()


def get(make_event: MakeEvent, url: str, **headers: str) -> dict[str, Any]:
    """A GET, as one of Lambda's event sources hands it over."""
    return make_event("GET", url, headers={"Host": "api.example.com", **headers}, body=b"")


def event(name: str, stack: Stack, job_id: str, **changes: object) -> dict[str, Any]:
    """A recorded MediaConvert event, about this job, as a job of the stack's."""
    recorded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    recorded["detail"] |= {"jobId": job_id, "userMetadata": {"InputBucket": stack.input_bucket}, **changes}
    return recorded


@pytest.mark.parametrize("make_event", SOURCES, ids=lambda each: each.__name__)
async def test_every_event_source_brings_requests_whole(
    service: Container, stores: Stores, make_event: MakeEvent
) -> None:
    """Signs, spaces and other scripts in a key arrive as they were sent."""
    input_file = f"uploads/{secrets.token_hex(4)}/私 a+b%20c&d=e?f#g.mp4"
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="ä.mp4"), now_s=int(time.time()))
    answer = service.invoke(get(make_event, f"/jobs?input_file={quote(input_file, safe='')}"))
    job = json_of(answer)
    assert answer["statusCode"] == 200, job
    assert (job["input_file"], job["file_name"], job["status"]) == (input_file, "ä.mp4", "AWAITING_UPLOAD")


@pytest.mark.parametrize("make_event", SOURCES, ids=lambda each: each.__name__)
def test_every_event_source_gets_errors_in_their_shape(service: Container, make_event: MakeEvent) -> None:
    """A posted body is checked as ever."""
    headers = {"Content-Type": "application/json", "Host": "api.example.com"}
    answer = service.invoke(make_event("POST", "/uploads", headers=headers, body=b'{"file_name": "a.mp4"}'))
    assert (answer["statusCode"], json_of(answer)["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("make_event", SOURCES, ids=lambda each: each.__name__)
def test_streams_are_refused_with_what_to_do_instead(service: Container, make_event: MakeEvent) -> None:
    """Lambda sends answers whole: a clear error, which names the long poll."""
    answer = service.invoke(get(make_event, "/events?job_id=1-abc"))
    assert (answer["statusCode"], json_of(answer)["code"]) == (501, "streaming_unavailable")
    assert "/jobs/{job_id}/progress?wait_s=" in json_of(answer)["detail"]


async def test_a_long_poll_works_there(service: Container, stores: Stores, job_id: str) -> None:
    """It holds for its time and ends with 304; a change ends it with 200."""
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=1, percent=10), now_s=int(time.time()))
    first = service.invoke(get(http_api, f"/jobs/{job_id}/progress"))
    tag = dict(answered(first)[1])["etag"]
    held = service.invoke(get(http_api, f"/jobs/{job_id}/progress?wait_s=0.2", **{"If-None-Match": tag}))
    waiting = asyncio.to_thread(
        service.invoke, get(http_api, f"/jobs/{job_id}/progress?wait_s=20", **{"If-None-Match": tag})
    )
    moving = stores.statuses.advance(Progressed(job_id=job_id, time_ms=2, percent=20), now_s=int(time.time()))
    moved, _ = await asyncio.gather(waiting, moving)
    assert (held["statusCode"], moved["statusCode"]) == (304, 200)
    assert json_of(moved)["progress_percent"] == 20


async def test_a_stage_before_every_path_is_cut_off(stack: Stack) -> None:
    """API_BASE_PATH: routes answer under it, and the documentation finds its files and its description there."""
    settings = service_settings(stack).model_copy(update={"api_base_path": "/prod"})
    async with invoking(settings, http_api) as api:
        page = (await api.get("/prod/docs")).text
        linked = re.findall(r"(?:src|href)=\"([^\"]+)\"|url: '([^']+)'", page)
        assert (await api.get("/prod/jobs/1-nosuch")).json()["code"] == "job_not_found"
        assert [(await api.get(source or url)).status_code for source, url in linked] == [200] * len(linked)
        assert ("", "/prod/openapi.json") in linked


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads a process's connections from /proc")
def test_a_warm_call_of_the_service_opens_nothing(service: Container, stack: Stack) -> None:
    """The very connection of the first call carries the later ones: clients, and their pools, are kept."""
    port = urlsplit(stack.endpoint_url).port or 80
    assert service.invoke(get(http_api, "/jobs/1-nosuch"))["statusCode"] == 404
    before = service.connections_to(port)
    for _ in range(3):
        service.invoke(get(http_api, "/jobs/1-nosuch"))
    assert before
    assert service.connections_to(port) == before


@pytest.mark.parametrize(
    ("handler", "lacking"),
    [("service.lambda_handler.handler", "INPUT_BUCKET"), ("worker.lambda_handler.handler", "UPLOADS_QUEUE_URL")],
)
def test_wrong_settings_end_the_container_at_its_start(
    stack: Stack, tmp_path: Path, handler: str, lacking: str
) -> None:
    """One line in the log names the one that is missing."""
    settings = {name: value for name, value in settings_of(stack).items() if name != lacking}
    with container(handler, settings, log=tmp_path / "log") as broken:
        assert broken.process.wait(30) != 0
        assert f"settings: {lacking}: Field required" in broken.log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        ("service.lambda_app", ("uvicorn", "uvloop", "httptools", "worker", "local", "jwt", "limits")),
        ("worker.lambda_app", ("uvicorn", "uvloop", "fastapi", "mangum", "service", "local")),
        ("worker.reconcile.scheduled", ("uvicorn", "uvloop", "fastapi", "mangum", "service", "local")),
    ],
)
def test_a_cold_start_imports_nothing_that_it_does_not_need(module: str, unneeded: tuple[str, ...]) -> None:
    """No server, no other process's code, and no tokens where access is off."""
    code = f"import sys, {module}; print([name for name in {unneeded} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_batch_tells_lambda_which_messages_are_to_come_again(
    worker: Container, stack: Stack, stores: Stores, sqs: "SQSClient", job_id: str
) -> None:
    """Handled ones are Lambda's to delete, hopeless ones are buried with their reason, the rest come again later."""
    waiting_id = f"{job_id}-w"
    bodies = [
        json.dumps(event("job_status_update", stack, job_id)),
        "{nonsense",
        json.dumps(event("job_complete_hls", stack, waiting_id)),
    ]
    messages = [await hand_over(sqs, stack.job_events_queue_url, body) for body in bodies]
    arn = await arn_of(sqs, stack.job_events_queue_url)
    answer = worker.invoke(from_queue(arn, messages))
    job = await stores.statuses.get(job_id, now_s=int(time.time()), consistent=True)
    assert answer == {"batchItemFailures": [{"itemIdentifier": messages[2]["MessageId"]}]}
    assert job is not None
    assert job.status is Status.PROGRESSING
    assert "{nonsense" in await buried(sqs, stack.job_events_dead_letter_queue_url)


async def hand_over(sqs: "SQSClient", url: str, body: str) -> dict[str, Any]:
    """A message of the queue's, received from it as Lambda's poller would."""
    sent = await sqs.send_message(QueueUrl=url, MessageBody=body)
    async with asyncio.timeout(20):
        while True:
            answer = await sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["ApproximateReceiveCount"]
            )
            for message in answer.get("Messages", []):
                if message["MessageId"] == sent["MessageId"]:
                    received: dict[str, Any] = dict(message)
                    return received


async def arn_of(sqs: "SQSClient", url: str) -> str:
    """The queue's ARN."""
    answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


async def buried(sqs: "SQSClient", url: str) -> list[str]:
    """The bodies in a dead-letter queue, once there are any."""
    answer = await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
    return [message["Body"] for message in answer.get("Messages", [])]


async def test_an_upload_becomes_a_job_whichever_way_its_event_comes(
    worker: Container, stack: Stack, stores: Stores, sqs: "SQSClient"
) -> None:
    """S3's event by way of the queue, EventBridge's or S3's own handed over directly: three files, three jobs."""
    files = [f"uploads/{secrets.token_hex(4)}/clip.mp4" for _ in range(3)]
    created = [object_created(stack, each) for each in files[:2]]
    message = await hand_over(sqs, stack.uploads_queue_url, json.dumps(created[0]))
    arn = await arn_of(sqs, stack.uploads_queue_url)
    assert worker.invoke(from_queue(arn, [message])) == {"batchItemFailures": []}
    assert worker.invoke(created[1]) is None
    assert worker.invoke(notification(stack, files[2])) is None
    lookups = [await stores.lookups.get(each, now_s=int(time.time()), consistent=True) for each in files]
    assert all(each and each.job_id for each in lookups)


def object_created(stack: Stack, input_file: str) -> dict[str, Any]:
    """S3's event, as EventBridge carries it."""
    recorded: dict[str, Any] = json.loads((EVENTS / "s3_object_created.json").read_text(encoding="utf-8"))
    recorded["detail"]["bucket"]["name"] = stack.input_bucket
    recorded["detail"]["object"] |= {"key": input_file, "version-id": secrets.token_hex(8)}
    return recorded


def notification(stack: Stack, input_file: str) -> dict[str, Any]:
    """S3's own notification."""
    recorded: dict[str, Any] = json.loads((EVENTS / "s3_notification.json").read_text(encoding="utf-8"))
    record = recorded["Records"][0]
    recorded["Records"] = [record]
    record["s3"]["bucket"]["name"] = stack.input_bucket
    record["s3"]["object"] |= {"key": quote(input_file), "versionId": secrets.token_hex(8)}
    return recorded


async def test_an_event_handed_over_directly_is_applied(
    worker: Container, stack: Stack, stores: Stores, job_id: str
) -> None:
    """EventBridge may invoke the function itself, as in systems without queues."""
    assert worker.invoke(event("job_progressing", stack, job_id)) is None
    job = await stores.statuses.get(job_id, now_s=int(time.time()), consistent=True)
    assert job is not None
    assert job.status is Status.PROGRESSING


def test_what_can_not_be_handled_without_a_queue_fails_the_invocation(
    worker: Container, stack: Stack, job_id: str
) -> None:
    """So that Lambda tries again, and at last keeps the event: what must wait, and what no attempt will help."""
    with pytest.raises(InvocationError, match="key row"):
        worker.invoke(event("job_complete_hls", stack, job_id))
    with pytest.raises(InvocationError, match="neither an event nor a notification"):
        worker.invoke({"hello": "world"})


def test_messages_of_a_queue_that_is_not_ours_are_refused(worker: Container) -> None:
    """A function that is given the wrong queue says so, and handles nothing."""
    message = {"MessageId": "1", "ReceiptHandle": "r", "Body": "{}"}
    with pytest.raises(InvocationError, match="queue strangers is neither"):
        worker.invoke(from_queue("arn:aws:sqs:us-east-1:000000000000:strangers", [message]))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads a process's connections from /proc")
def test_a_warm_call_of_the_worker_opens_nothing(worker: Container, stack: Stack, job_id: str) -> None:
    """The very connection of the first call carries the later ones."""
    port = urlsplit(stack.endpoint_url).port or 80
    worker.invoke(event("job_progressing", stack, job_id))
    before = worker.connections_to(port)
    for at in range(3):
        worker.invoke(event("job_status_update", stack, job_id, timestamp=2_000_000_000_000 + at))
    assert before
    assert worker.connections_to(port) == before


async def test_a_schedule_mends_what_lost_events_left_behind(
    worker: Container, reconciliation: Container, stack: Stack, stores: Stores, aws: Aws
) -> None:
    """A job that MediaConvert has ended, whose events nobody takes from the queue, is ended by the next tick."""
    input_file = f"uploads/{secrets.token_hex(4)}/clip.mp4"
    await (await aws.s3()).put_object(Bucket=stack.input_bucket, Key=input_file, Body=b"no video")
    worker.invoke(object_created(stack, input_file))
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
    assert set(tally) == {"checked", "adopted", "canceled", "ended", "unmended", "silent", "stuck"}
    assert tally["ended"] >= 1
