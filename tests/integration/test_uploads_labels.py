"""The external id and the metadata of an upload, from its announcement to its job; info.json never has them."""

import json
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from local.provision import Stack
from tests.integration.process_settings import service_settings
from tests.integration.queue_messages import complete_event, object_created
from tests.integration.service_app import serve, upload_request
from transcode.aws import Aws
from worker.deliveries import DeliveryHandler

LABELS = {"external_id": "order-4711", "metadata": {"title": "ä", "album": ""}}


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API."""
    async for client in serve(service_settings(stack)):
        yield client


def labels_of(job: httpx.Response) -> object:
    """Return the labels of a job that the API returned."""
    return {name: job.json()[name] for name in LABELS}


async def test_a_job_has_the_labels_of_its_upload_and_info_json_has_none(
    api: httpx.AsyncClient, handler: DeliveryHandler, stack: Stack, aws: Aws
) -> None:
    """Everyone who knows a video's address may read its info.json, so the file must not have the caller's data."""
    announced = await api.post("/uploads", json=upload_request(**LABELS))
    input_file = announced.json()["input_file"]
    assert labels_of(await api.get("/jobs", params={"input_file": input_file})) == LABELS
    await handler.handle([object_created(stack, input_file)])
    job_id = (await api.get("/jobs", params={"input_file": input_file})).json()["job_id"]
    assert labels_of(await api.get(f"/jobs/{job_id}")) == LABELS
    tag = (await api.get(f"/jobs/{job_id}/progress")).headers["ETag"]
    await handler.handle([complete_event(stack, job_id, int(time.time() * 1000))])
    # The service uses a row for a tenth of a second. This request waits for the change.
    await api.get(f"/jobs/{job_id}/progress", params={"wait_s": 20}, headers={"If-None-Match": tag})
    done = await api.get(f"/jobs/{job_id}")
    assert (done.json()["status"], labels_of(done)) == ("COMPLETE", LABELS)
    s3, key = await aws.s3(), f"{done.json()['output']['path']}info.json"
    info = (await (await s3.get_object(Bucket=stack.output_bucket, Key=key))["Body"].read()).decode()
    assert "order-4711" not in info
    assert not {"external_id", "metadata", "title"} & set(json.loads(info))


@pytest.mark.parametrize("way", ["form", "parts"])
async def test_uppys_uploads_have_labels_too(api: httpx.AsyncClient, way: str) -> None:
    """Uppy sends them among its metadata."""
    if way == "form":
        query = {"filename": "a.mp4", "type": "video/mp4", "metadata[external_id]": LABELS["external_id"]}
        query["metadata[metadata]"] = json.dumps(LABELS["metadata"])
        input_file = (await api.get("/s3/params", params=query)).json()["fields"]["key"]  # type: ignore[arg-type]
    else:
        body = {"filename": "a.mp4", "type": "video/mp4", "metadata": {**LABELS, "size": 5}}
        input_file = (await api.post("/s3/multipart", json=body)).json()["key"]
    assert labels_of(await api.get("/jobs", params={"input_file": input_file})) == LABELS


@pytest.mark.parametrize(
    ("method", "path", "request_parts"),
    [
        ("POST", "/uploads", {"json": upload_request(external_id="a\x00")}),
        ("POST", "/s3/multipart", {"json": {"filename": "a", "type": "video/mp4", "metadata": {"external_id": "\n"}}}),
        ("GET", "/s3/params", {"params": {"filename": "a", "type": "video/mp4", "metadata[external_id]": ""}}),
    ],
)
async def test_invalid_labels_are_refused_by_name(
    api: httpx.AsyncClient, method: str, path: str, request_parts: dict[str, object]
) -> None:
    """The error's location ends with the field's name."""
    refused = await api.request(method, path, **request_parts)  # type: ignore[arg-type]
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert [line["pointer"].rpartition("/")[2] for line in refused.json()["errors"]] == ["external_id"]
