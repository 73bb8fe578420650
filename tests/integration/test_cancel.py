"""Cancel over HTTP: the service requests it, and the worker's handler ends the job, or the file's wait for one.

Tables, queues and MediaConvert are emulated.
"""

import json
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from structlog.testing import capture_logs

from local.embedded_aws import ROOT
from local.provision import Stack
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from service.api.cancel import SEND_AGAIN_S
from tests.integration.intake_pipeline import Pipeline, open_pipeline
from tests.integration.process_settings import service_settings
from tests.integration.queue_messages import complete_event, message, object_created, received
from tests.integration.service_app import resources_of, serve
from tests.integration.stores import Stores
from tests.integration.submitted_jobs import jobs_of
from tests.integration.waiting_messages import Responses, deliver, later, sent
from transcode.aws import Aws
from transcode.cancel_requested import cancel_requested
from transcode.job import Completed, Failed, Failure, Job, Output
from transcode.lookup import Lookup
from worker.outcomes import Done, GiveUp, Message, Retry

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert import MediaConvertClient


def now_s() -> int:
    """Return the current time."""
    return int(time.time())


@pytest.fixture(scope="module")
def stalled_endpoint(stack: Stack) -> Iterator[str]:
    """A MediaConvert whose S3 never responds: it runs one job, which stays PROGRESSING; all others stay SUBMITTED."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings = EmulatorSettings(
            port=0,
            aws_endpoint_url=stack.endpoint_url,
            s3_endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}",
            templates=(ROOT / "infra" / "job_template.json",),
        )
        with serving(settings) as url:
            yield url


@pytest.fixture
async def mediaconvert(aws: Aws, stalled_endpoint: str) -> "MediaConvertClient":
    """A client of the stalled MediaConvert."""
    return await aws.mediaconvert(endpoint_url=stalled_endpoint)


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, which knows no MediaConvert."""
    settings = service_settings(stack).model_copy(update={"uploads_queue_url": stack.uploads_queue_url, "fresh_s": 0.0})
    async for client in serve(settings):
        yield client


@pytest.fixture
async def worker(worker_aws: Aws, stack: Stack, stalled_endpoint: str) -> Pipeline:
    """A worker's handlers, with clients of their own. It doesn't probe, because no probe here would have a response."""
    return await open_pipeline(worker_aws, stack, stalled_endpoint, probe=False)


async def job_of(api: httpx.AsyncClient, input_file: str) -> dict[str, Any]:
    """Return the file's job, as the API shows it."""
    job: dict[str, Any] = (await api.get("/jobs", params={"input_file": input_file})).json()
    return job


async def submitted(worker: Pipeline, stack: Stack, api: httpx.AsyncClient, input_file: str) -> str:
    """Create a job of the file, and return its id."""
    assert await worker.submit(object_created(stack, input_file)) == Done()
    return str((await job_of(api, input_file))["job_id"])


def cancel_message(stack: Stack, *, job_id: str | None = None, input_file: str | None = None) -> Message:
    """Return the service's message."""
    return message(cancel_requested(bucket=stack.input_bucket, job_id=job_id, input_file=input_file))


async def test_a_waiting_job_is_canceled_without_an_event(
    api: httpx.AsyncClient,
    worker: Pipeline,
    stack: Stack,
    aws: Aws,
    mediaconvert: "MediaConvertClient",
    input_file: str,
) -> None:
    """The request shows at once. The worker then writes CANCELED itself, because MediaConvert sends no event."""
    await submitted(worker, stack, api, f"{input_file}-running")
    job_id = await submitted(worker, stack, api, input_file)
    response = await api.post(f"/jobs/{job_id}/cancel")
    progress = (await api.get(f"/jobs/{job_id}/progress")).json()
    assert (response.status_code, response.json()["cancel_requested"]) == (202, True)
    assert (response.json()["status"], progress["cancel_requested"]) == ("SUBMITTED", True)
    assert (await mediaconvert.get_job(Id=job_id))["Job"]["Status"] == "SUBMITTED"
    request = await received(aws, stack, job_id)
    assert await worker.take_in(request) == [Done()]
    ended = (await api.get(f"/jobs/{job_id}")).json()
    assert (ended["status"], ended["cancel_requested"]) == ("CANCELED", False)
    assert (await mediaconvert.get_job(Id=job_id))["Job"]["Status"] == "CANCELED"
    assert await worker.take_in(request) == [Done()]


async def test_a_repeated_request_sends_one_message_a_minute(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, input_file: str
) -> None:
    """A caller who clicks a hundred times costs no calls to MediaConvert; after a minute, a message may be lost."""
    job_id = await submitted(worker, stack, api, input_file)
    resources, sends = resources_of(api), list[str]()
    client: Any = await resources.cancels._client.get()  # noqa: SLF001 -- only the client's own events see its calls
    client.meta.events.register("before-call.sqs.SendMessage", lambda **_: sends.append("sent"))
    responses = [await api.post(f"/jobs/{job_id}/cancel") for _ in range(3)]
    assert [each.status_code for each in responses] == [202] * 3
    assert len(sends) == 1
    app: Any = api._transport.app  # type: ignore[attr-defined]  # noqa: SLF001 -- to change the clock
    app.state.resources = replace(resources, clock=lambda: time.time() + SEND_AGAIN_S + 1)
    await api.post(f"/jobs/{job_id}/cancel")
    assert len(sends) == 2


async def test_a_refused_cancel_has_a_reason(
    api: httpx.AsyncClient, stores: Stores, job_id: str, input_file: str
) -> None:
    """An unknown job, a job that is over, an unknown file, and a file that was not uploaded."""

    async def cancel(path: str, **body: str) -> tuple[int, str]:
        response = await api.post(path, **({"json": body} if body else {}))  # type: ignore[arg-type]
        return response.status_code, response.json()["code"]

    assert await cancel("/jobs/1-nosuch/cancel") == (404, "job_not_found")
    await stores.statuses.advance(Completed(job_id=job_id, time_ms=2, output=Output(path="a/")), now_s=now_s())
    assert await cancel(f"/jobs/{job_id}/cancel") == (409, "job_final")
    assert await cancel("/jobs/cancel", input_file=input_file) == (404, "upload_not_found")
    await stores.lookups.announce(Lookup(input_file=input_file), now_s=now_s())
    assert await cancel("/jobs/cancel", input_file=input_file) == (409, "nothing_to_cancel")
    failure = Failure(code=404, message="no template")
    await stores.lookups.refuse(input_file, failure, claimed_ms=1, now_s=now_s())
    assert await cancel("/jobs/cancel", input_file=input_file) == (409, "job_final")


async def test_a_cancel_needs_a_queue(stack: Stack, stores: Stores, input_file: str) -> None:
    """The response is a 501, and no row changes."""
    await stores.statuses.submit(Job(job_id="1-queueless", input_file=input_file), now_s=now_s())
    await stores.lookups.queue(input_file, claimed_ms=5, claim_id="c", now_s=now_s())
    settings = service_settings(stack).model_copy(update={"job_events_queue_url": None})
    async for api in serve(settings):
        responses = [
            await api.post("/jobs/1-queueless/cancel"),
            await api.post("/jobs/cancel", json={"input_file": input_file}),
        ]
        assert [(each.status_code, each.json()["code"]) for each in responses] == [(501, "cancel_not_configured")] * 2
        assert not (await job_of(api, input_file))["cancel_requested"]


async def test_a_job_that_completes_meanwhile_stays_complete(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, aws: Aws, input_file: str
) -> None:
    """Its event is handled before the message of the request, also in one batch; the message then changes nothing."""
    job_id = await submitted(worker, stack, api, input_file)
    assert (await api.post(f"/jobs/{job_id}/cancel")).status_code == 202
    request, calls = await received(aws, stack, job_id), Responses(worker.submission).calls
    assert await worker.take_in(complete_event(stack, job_id, now_s() * 1000), request) == [Done()] * 2
    assert await worker.take_in(request) == [Done()]
    assert calls == []
    ended = (await api.get(f"/jobs/{job_id}")).json()
    assert (ended["status"], ended["cancel_requested"]) == ("COMPLETE", False)


@pytest.mark.parametrize(("status", "expected"), [("COMPLETE", "SUBMITTED"), ("CANCELED", "CANCELED")])
async def test_a_conflict_is_looked_up_in_mediaconvert(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, input_file: str, status: str, expected: str
) -> None:
    """A job that ended by itself gets its status from its event; one whose write was lost gets CANCELED now."""
    job_id = await submitted(worker, stack, api, input_file)
    jobs: Any = worker.submission.submitter.mediaconvert
    client, responses = jobs._client, Responses(worker.submission)  # noqa: SLF001 -- to respond in AWS's place
    responses.by_call["CancelJob"] = (409, "ConflictException")

    def found(**_: object) -> Any:  # noqa: ANN401 -- botocore's response
        response = type("Response", (), {"status_code": 200})()
        return response, {"Job": {"Status": status}, "ResponseMetadata": {"HTTPStatusCode": 200}}

    client.meta.events.register("before-call.mediaconvert.GetJob", found)
    assert await worker.take_in(cancel_message(stack, job_id=job_id)) == [Done()]
    assert (await api.get(f"/jobs/{job_id}")).json()["status"] == expected


async def test_a_job_that_mediaconvert_does_not_have_is_canceled(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, stores: Stores, job_id: str, input_file: str
) -> None:
    """Nothing runs, and the row would stay open."""
    await stores.statuses.submit(Job(job_id=job_id, input_file=input_file), now_s=now_s())
    assert await worker.take_in(cancel_message(stack, job_id=job_id)) == [Done()]
    assert (await api.get(f"/jobs/{job_id}")).json()["status"] == "CANCELED"


@pytest.mark.parametrize(
    "response",
    [(429, "TooManyRequestsException"), (503, "ServiceUnavailableException"), (403, "ForbiddenException")],
)
async def test_a_cancel_waits_while_mediaconvert_is_not_available(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, input_file: str, response: tuple[int, str]
) -> None:
    """For hours and many deliveries, never as an outage of the queue; the next cancels then make no call."""
    job_id, other = [await submitted(worker, stack, api, f"{input_file}-{number}") for number in range(2)]
    responses = Responses(worker.submission)
    responses.by_call["CancelJob"] = response
    request = sent(cancel_message(stack, job_id=job_id), days_ago=11.9)
    outcome = await deliver(worker.intake, request)
    at_rest = await deliver(worker.intake, cancel_message(stack, job_id=other))
    assert isinstance(outcome, Retry)
    assert isinstance(at_rest, Retry)
    assert (outcome.is_outage, at_rest.is_outage) == (False, False)
    assert responses.calls.count("CancelJob") == 1
    del responses.by_call["CancelJob"]
    rested = worker.intake.batch.canceller
    rested.rest.record([Done()], now_s=0)
    assert await deliver(worker.intake, replace(request, deliveries=3)) == Done()
    assert (await api.get(f"/jobs/{job_id}")).json()["status"] == "CANCELED"


async def test_a_cancel_is_given_up_by_its_age_alone(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, input_file: str
) -> None:
    """After twelve days, as every message; the dead letter has the reason."""
    job_id = await submitted(worker, stack, api, input_file)
    Responses(worker.submission).by_call["CancelJob"] = (429, "TooManyRequestsException")
    outcome = await deliver(worker.intake, sent(cancel_message(stack, job_id=job_id), days_ago=12.1))
    assert isinstance(outcome, GiveUp)
    assert "MediaConvert" in outcome.reason


async def test_a_queued_file_is_canceled_without_a_job(
    api: httpx.AsyncClient,
    worker: Pipeline,
    stack: Stack,
    aws: Aws,
    mediaconvert: "MediaConvertClient",
    input_file: str,
) -> None:
    """The worker refuses the claim at once, although MediaConvert is away; the upload's own message makes no job."""
    responses = Responses(worker.submission)
    responses.by_call["CreateJob"] = responses.by_call["CancelJob"] = (503, "ServiceUnavailableException")
    await worker.take_in(object_created(stack, input_file))
    response = await api.post("/jobs/cancel", json={"input_file": input_file})
    assert (response.status_code, response.json()["status"]) == (202, "QUEUED")
    assert response.json()["cancel_requested"]
    assert await worker.take_in(await received(aws, stack, input_file)) == [Done()]
    ended = await job_of(api, input_file)
    assert (ended["status"], ended["job_id"], ended["cancel_requested"]) == ("CANCELED", None, False)
    assert responses.calls == []
    (upload,) = await worker.queued(input_file)
    responses.by_call.clear()
    assert await worker.submit(upload) == Done()
    assert await worker.take_in(object_created(stack, input_file)) == [Done()]
    assert await jobs_of(mediaconvert, stack, input_file) == []
    assert (await job_of(api, input_file))["status"] == "CANCELED"


async def test_a_submitter_finds_the_request_before_it_creates_the_job(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """The message of the request is still on its way."""
    await worker.take_in(object_created(stack, input_file))
    (upload,) = await worker.queued(input_file)
    await api.post("/jobs/cancel", json={"input_file": input_file})
    assert await worker.submit(upload) == Done()
    assert (await job_of(api, input_file))["status"] == "CANCELED"
    assert await jobs_of(mediaconvert, stack, input_file) == []


async def test_a_job_that_is_created_during_the_request_is_canceled(
    api: httpx.AsyncClient,
    worker: Pipeline,
    stack: Stack,
    aws: Aws,
    mediaconvert: "MediaConvertClient",
    input_file: str,
) -> None:
    """CreateJob is in flight: the claim can't be refused, and the submitter cancels the job that it has created."""
    await worker.take_in(object_created(stack, input_file))
    (upload,) = await worker.queued(input_file)
    jobs: Any = worker.submission.submitter.mediaconvert

    async def cancel_meanwhile(**_: object) -> None:
        response = await api.post("/jobs/cancel", json={"input_file": input_file})
        assert response.json()["status"] == "QUEUED"
        assert await worker.take_in(await received(aws, stack, input_file)) == [Done()]
        assert (await job_of(api, input_file))["status"] == "QUEUED"

    jobs._client.meta.events.register("before-call.mediaconvert.CreateJob", cancel_meanwhile)  # noqa: SLF001 -- between two lines
    assert await worker.submit(upload) == Done()
    (job,) = await jobs_of(mediaconvert, stack, input_file)
    ended = await job_of(api, input_file)
    assert (job["Status"], ended["status"], ended["job_id"]) == ("CANCELED", "CANCELED", job["Id"])


async def test_a_created_job_is_canceled_by_the_next_delivery_if_mediaconvert_throttles(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, mediaconvert: "MediaConvertClient", input_file: str
) -> None:
    """The upload's message waits for it, and the file shows that its end is requested."""
    await worker.take_in(object_created(stack, input_file))
    (upload,) = await worker.queued(input_file)
    responses = Responses(worker.submission)
    responses.by_call["CancelJob"] = (429, "TooManyRequestsException")
    jobs: Any = worker.submission.submitter.mediaconvert

    async def cancel_meanwhile(**_: object) -> None:
        await api.post("/jobs/cancel", json={"input_file": input_file})

    jobs._client.meta.events.register("before-call.mediaconvert.CreateJob", cancel_meanwhile)  # noqa: SLF001 -- between two lines
    assert isinstance(await worker.submit(upload), Retry)
    waiting = await job_of(api, input_file)
    assert (waiting["status"], waiting["cancel_requested"]) == ("SUBMITTED", True)
    responses.by_call.clear()
    worker.intake.batch.canceller.rest.record([Done()], now_s=0)
    assert await worker.submit(replace(upload, deliveries=2)) == Done()
    assert [job["Status"] for job in await jobs_of(mediaconvert, stack, input_file)] == ["CANCELED"]


async def test_a_job_that_may_exist_is_searched_for_before_the_file_is_canceled(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, aws: Aws, input_file: str
) -> None:
    """After a 500 of CreateJob it may exist: the message refuses no claim, and the submitter searches first."""
    await worker.take_in(object_created(stack, input_file))
    (upload,) = await worker.queued(input_file)
    responses = Responses(worker.submission)
    responses.by_call["CreateJob"] = (500, "InternalServerErrorException")
    assert isinstance(await worker.submit(upload), Retry)
    await api.post("/jobs/cancel", json={"input_file": input_file})
    assert await later(worker.intake, 61).handle([request := await received(aws, stack, input_file)]) == {
        request.message_id: Done()
    }
    assert (await job_of(api, input_file))["status"] == "QUEUED"
    responses.calls.clear()
    after_lease = later(worker.submission, 61)
    assert (await after_lease.handle([replace(upload, deliveries=2)]))[upload.message_id] == Done()
    assert responses.calls == ["SearchJobs", "ListJobs"]
    assert (await job_of(api, input_file))["status"] == "CANCELED"


async def test_a_requested_job_is_canceled_before_its_claim_exists(
    api: httpx.AsyncClient,
    worker: Pipeline,
    stack: Stack,
    aws: Aws,
    stores: Stores,
    input_file: str,
) -> None:
    """A retry that intake has not seen yet: intake refuses its claim. A later retry of the same file gets a job."""
    await (await aws.s3()).put_object(Bucket=stack.input_bucket, Key=input_file, Body=b"video")
    first = await submitted(worker, stack, api, input_file)
    failure = Failure(code=1010, message="unreadable")
    await stores.statuses.advance(Failed(job_id=first, time_ms=5, failure=failure), now_s=now_s())
    retry = {"input_file": input_file}
    assert (await api.post("/jobs", json=retry)).status_code == 202
    assert (await api.post("/jobs/cancel", json=retry)).json()["cancel_requested"]
    assert await worker.take_in(await received(aws, stack, input_file)) == [Done()]
    requested = await received(aws, stack, input_file, queue_url=stack.uploads_queue_url)
    assert await worker.take_in(requested) == [Done()]
    assert (await job_of(api, input_file))["status"] == "CANCELED"
    assert (await api.post("/jobs", json=retry)).json()["cancel_requested"] is False
    again = await received(aws, stack, input_file, queue_url=stack.uploads_queue_url)
    assert await worker.take_in(again) == [Done()]
    (upload,) = await worker.queued(input_file)
    assert await worker.submit(upload) == Done()
    assert (await job_of(api, input_file))["job_id"] not in {None, first}


async def test_a_new_version_of_a_canceled_file_gets_its_job(
    api: httpx.AsyncClient, worker: Pipeline, stack: Stack, aws: Aws, input_file: str
) -> None:
    """The request is for one attempt, and not for the file."""
    await worker.take_in(object_created(stack, input_file))
    await api.post("/jobs/cancel", json={"input_file": input_file})
    await worker.take_in(await received(aws, stack, input_file))
    await worker.take_in(object_created(stack, input_file, version="v2"))
    assert (await job_of(api, input_file))["status"] == "QUEUED"
    for upload in await worker.queued(input_file, 2):
        assert await worker.submit(upload) == Done()
    assert (await job_of(api, input_file))["status"] == "SUBMITTED"


@pytest.mark.parametrize("changes", [{"bucket": {"name": "another"}}, {"jobId": "1-a"}])
async def test_a_request_of_another_deployment_or_job_is_done(
    worker: Pipeline, stack: Stack, changes: Mapping[str, object]
) -> None:
    """A bucket that isn't ours, and a job that has no row."""
    body = json.loads(cancel_requested(bucket=stack.input_bucket, job_id="1-b", input_file=None))
    body["detail"].update(changes)
    with capture_logs() as lines:
        assert await worker.take_in(message(body)) == [Done()]
    assert [line["event"] for line in lines] in (["message.ignored"], ["job.cancel_stale"])
