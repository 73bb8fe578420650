"""The HTTP API, with real tables and a real bucket."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from local.provision import Stack
from service.settings import ServiceSettings
from tests.integration.lambda_events import http_api
from tests.integration.lambda_transport import invoking
from tests.integration.process_settings import PLAYBACK_BASE_URL, UPLOAD_MAX_BYTES, service_settings
from tests.integration.service_app import serve, upload_request
from tests.integration.stores import Stores
from transcode.job import Completed, Failed, Failure, Job, JobWarning, Output, Progressed, WarningRaised
from transcode.lookup import Lookup

FRESH_S: float = ServiceSettings.model_fields["fresh_s"].default
"""Seconds for which the service may return a job's last state without reading it again."""


@pytest.fixture(params=["container", "lambda"])
async def api(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API on the shared pipeline: once as a container, once as a Lambda function."""
    if request.param == "lambda":
        async with invoking(service_settings(stack), http_api) as client:
            yield client
        return
    async for client in serve(service_settings(stack)):
        yield client


async def put(upload: dict[str, Any], body: bytes, **headers: str) -> int:
    """Upload the file as the response says, and return S3's status."""
    async with httpx.AsyncClient() as s3:
        response = await s3.put(upload["url"], content=body, headers={**upload["headers"], **headers})
    return response.status_code


async def test_s3_accepts_an_announced_upload(api: httpx.AsyncClient) -> None:
    """The presigned URL works with exactly the headers of the response."""
    response = await api.post("/uploads", json=upload_request())
    assert response.status_code == 201
    assert await put(response.json(), b"video") == 200


@pytest.mark.parametrize("path", ["/jobs/", "/uploads/", "/healthz/", "//jobs", "/docs/"])
async def test_no_response_is_a_redirect(api: httpx.AsyncClient, path: str) -> None:
    """A redirect's address would contain the caller's Host header."""
    response = await api.get(path, headers={"Host": "attacker.example"})
    assert not response.is_redirect
    assert "location" not in response.headers
    assert "attacker.example" not in response.text


async def test_a_content_type_with_parameters_is_accepted(api: httpx.AsyncClient) -> None:
    """A browser's recording names its codecs; the signature binds the announced type."""
    upload = (await api.post("/uploads", json=upload_request(content_type="video/webm;codecs=vp9,opus"))).json()
    assert await put(upload, b"video") == 200


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"a longer one", {}), (b"no", {}), (b"video", {"Content-Type": "text/html"})],
    ids=["longer", "shorter", "another type"],
)
async def test_the_signature_binds_length_and_type(
    api: httpx.AsyncClient, body: bytes, headers: dict[str, str]
) -> None:
    """S3 refuses an upload that differs from the announcement."""
    upload = (await api.post("/uploads", json=upload_request())).json()
    assert await put(upload, body, **headers) == 403


async def test_the_signature_binds_the_key(api: httpx.AsyncClient) -> None:
    """A caller can't upload to another key."""
    upload = (await api.post("/uploads", json=upload_request())).json()
    assert await put({**upload, "url": upload["url"].replace("/clip.mp4", "/other.mp4")}, b"video") == 403


async def test_an_announced_upload_keeps_its_file_name(api: httpx.AsyncClient) -> None:
    """Before the upload, the file's job is AWAITING_UPLOAD and has the announced name."""
    upload = (await api.post("/uploads", json=upload_request(file_name="私の ビデオ+50%#1.mp4"))).json()
    job = (await api.get("/jobs", params={"input_file": upload["input_file"]})).json()
    assert (job["status"], job["job_id"], job["progress_percent"]) == ("AWAITING_UPLOAD", None, None)
    assert job["file_name"] == "私の ビデオ+50%#1.mp4"


@pytest.mark.parametrize(
    ("changes", "status", "names"),
    [
        ({"size_bytes": UPLOAD_MAX_BYTES + 1}, 413, "upload_too_large"),
        ({"duration_ms": 14_400_001}, 413, "upload_too_long"),
        ({"duration_ms": 0}, 422, "duration_ms"),
        ({"content_type": "text/html"}, 415, "unsupported_content_type"),
        ({"size_bytes": 0}, 422, "size_bytes"),
        ({"size_bytes": "many"}, 422, "size_bytes"),
        ({"file_name": ""}, 422, "file_name"),
        ({"file_name": "a" * 1025}, 422, "file_name"),
        ({"content_type": None}, 422, "content_type"),
        ({"profile": ""}, 422, "profile"),
        ({"colour": "red"}, 422, "colour"),
    ],
)
async def test_the_error_of_a_bad_request_names_its_fault(
    api: httpx.AsyncClient, changes: dict[str, object], status: int, names: str
) -> None:
    """The response has the status, a stable code, and the name of the field."""
    response = await api.post("/uploads", json=upload_request(**changes))
    assert response.status_code == status
    body = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (body["status"], body["type"]) == (status, f"urn:mediaconvert-status:problem:{body['code']}")
    assert isinstance(body["detail"], str)
    assert ("errors" in body) == (status == 422)
    assert names in response.text


async def test_an_upload_may_announce_the_longest_duration(api: httpx.AsyncClient) -> None:
    """The limit itself is accepted, in each kind of upload."""
    assert (await api.post("/uploads", json=upload_request(duration_ms=14_400_000))).status_code == 201
    form = {"filename": "a.mp4", "type": "video/mp4", "metadata[duration_ms]": "14400000"}
    assert (await api.get("/s3/params", params=form)).status_code == 200


@pytest.mark.parametrize("announced", ["14400001", "999999999999999"])
async def test_uppys_routes_refuse_a_video_that_is_too_long(api: httpx.AsyncClient, announced: str) -> None:
    """The error names the limit and the announced value, and S3 has no upload."""
    form = {"filename": "a.mp4", "type": "video/mp4", "metadata[duration_ms]": announced}
    parts = {"filename": "a.mp4", "type": "video/mp4", "metadata": {"duration_ms": announced}}
    for response in (await api.get("/s3/params", params=form), await api.post("/s3/multipart", json=parts)):
        assert (response.status_code, response.json()["code"]) == (413, "upload_too_long")
        assert "14400 seconds are accepted" in response.json()["message"]


async def test_a_duration_that_is_not_a_number_is_ignored(api: httpx.AsyncClient) -> None:
    """Uppy sends metadata as texts, and a page may have none."""
    parts = {"filename": "a.mp4", "type": "video/mp4", "metadata": {"duration_ms": "unknown"}}
    assert (await api.post("/s3/multipart", json=parts)).status_code == 200


async def test_everyone_may_read_and_cache_the_limits(api: httpx.AsyncClient) -> None:
    """A front end shows them before a byte is sent."""
    response = await api.get("/limits")
    limits = response.json()
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert limits["max_size_bytes"] == limits["max_single_size_bytes"] == UPLOAD_MAX_BYTES
    assert (limits["max_duration_ms"], limits["max_side_px"], limits["uploads_per_minute"]) == (14_400_000, 8_192, None)
    assert "video/mp4" in limits["content_types"]
    assert {".mp4", ".mov", ".mkv"} <= set(limits["extensions"])


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/jobs?input_file=uploads/never/announced.mp4", 404, "upload_not_found"),
        ("/jobs", 422, "invalid_request"),
        ("/jobs/1-nosuch", 404, "job_not_found"),
        ("/jobs/1-nosuch/progress", 404, "job_not_found"),
        ("/jobs/claim:abc", 422, "invalid_request"),
        ("/nowhere", 404, "not_found"),
    ],
)
async def test_a_missing_resource_is_a_clear_error(api: httpx.AsyncClient, path: str, status: int, code: str) -> None:
    """All errors have the same form."""
    response = await api.get(path)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_job_can_be_read_from_submitted_to_complete(
    api: httpx.AsyncClient, stores: Stores, job_id: str, input_file: str
) -> None:
    """By file and by id: SUBMITTED, then a percentage, then COMPLETE with the output."""
    now_s = int(time.time())
    await stores.statuses.submit(Job(job_id=job_id, input_file=input_file, file_name="a b.mp4"), now_s=now_s)
    await stores.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s)
    job = (await api.get("/jobs", params={"input_file": input_file})).json()
    assert (job["status"], job["job_id"], job["progress_percent"]) == ("SUBMITTED", job_id, None)
    start_ms = now_s * 1000 - 10_000
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=start_ms), now_s=now_s)
    halfway = Progressed(job_id=job_id, time_ms=now_s * 1000, percent=50, phase="TRANSCODING")
    await stores.statuses.advance(halfway, now_s=now_s)
    await asyncio.sleep(FRESH_S)
    job = (await api.get(f"/jobs/{job_id}")).json()
    assert (job["status"], job["progress_percent"], job["phase"]) == ("PROGRESSING", 50, "TRANSCODING")
    assert 9 - (time.time() - now_s) <= job["eta_s"] <= 10
    output = Output(path="uploads/a b.mp4_1/", playlists={".m3u8": "a b.m3u8"}, duration_ms=7)
    await stores.statuses.advance(Completed(job_id=job_id, time_ms=now_s * 1000 + 1, output=output), now_s=now_s)
    await asyncio.sleep(FRESH_S)
    job = (await api.get(f"/jobs/{job_id}")).json()
    assert (job["status"], job["progress_percent"], job["eta_s"]) == ("COMPLETE", 100, None)
    assert job["output"]["playback_url"] == f"{PLAYBACK_BASE_URL}/uploads/a%20b.mp4_1/a%20b.m3u8"
    assert job["output"]["duration_ms"] == 7


async def test_an_error_is_shown_with_its_code(api: httpx.AsyncClient, stores: Stores, job_id: str) -> None:
    """The job also has its warnings, each code once."""
    now_s = int(time.time())
    for warning in (JobWarning(code=230001), JobWarning(code=230001, message="odd timestamps")):
        await stores.statuses.advance(WarningRaised(job_id=job_id, time_ms=1, warning=warning), now_s=now_s)
    failure = Failure(code=1010, message="Unable to open input file [a.mp4]")
    await stores.statuses.advance(Failed(job_id=job_id, time_ms=2, failure=failure), now_s=now_s)
    job = (await api.get(f"/jobs/{job_id}")).json()
    assert job["error"] == {"code": 1010, "message": "Unable to open input file [a.mp4]", "reason": None}
    assert job["warnings"] == [{"code": 230001, "message": "odd timestamps"}]


async def test_a_refused_job_is_an_error_of_its_file(api: httpx.AsyncClient, stores: Stores, input_file: str) -> None:
    """The file's job is ERROR, so that no client waits for it."""
    now_s = int(time.time())
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="a.mp4"), now_s=now_s)
    await stores.lookups.refuse(input_file, Failure(code=402, message="quota"), claimed_ms=1, now_s=now_s)
    job = (await api.get("/jobs", params={"input_file": input_file})).json()
    assert (job["status"], job["job_id"]) == ("ERROR", None)
    assert job["error"] == {"code": 402, "message": "quota", "reason": None}


async def test_unchanged_progress_is_a_304(api: httpx.AsyncClient, stores: Stores, job_id: str) -> None:
    """304 while the ETag is valid; 200 with another ETag after the job has changed."""
    now_s = int(time.time())
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=1, percent=10), now_s=now_s)
    first = await api.get(f"/jobs/{job_id}/progress")
    again = await api.get(f"/jobs/{job_id}/progress", headers={"If-None-Match": first.headers["ETag"]})
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=2, percent=11), now_s=now_s)
    await asyncio.sleep(FRESH_S)
    moved = await api.get(f"/jobs/{job_id}/progress", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert (moved.status_code, moved.json()["progress_percent"]) == (200, 11)
    names = {"job_id", "status", "progress_percent", "phase", "eta_s", "updated_at", "cancel_requested"}
    assert set(moved.json()) == names


async def test_health_and_readiness(api: httpx.AsyncClient) -> None:
    """/healthz and /readyz are 200 when the tables and the bucket can be reached."""
    assert (await api.get("/healthz")).json() == {"status": "ok"}
    assert (await api.get("/readyz")).status_code == 200


async def test_a_service_without_its_tables_is_alive_but_not_ready(stack: Stack) -> None:
    """/healthz is 200 because the process runs; /readyz is 503 with Retry-After."""
    settings = service_settings(stack).model_copy(update={"status_table": f"none-{secrets.token_hex(4)}"})
    async for api in serve(settings):
        response = await api.get("/readyz")
        assert (await api.get("/healthz")).status_code == 200
        assert (response.status_code, response.json()["code"]) == (503, "aws_unavailable")
        assert "Retry-After" in response.headers


async def test_unreachable_aws_is_a_503_within_seconds(stack: Stack, free_port: Any) -> None:  # noqa: ANN401 -- a fixture
    """The response is a 503 with Retry-After, after a bounded time."""
    settings = service_settings(stack).model_copy(update={"aws_endpoint_url": f"http://127.0.0.1:{free_port()}"})
    async for api in serve(settings):
        response = await api.get("/jobs/1-abc")
        assert (response.status_code, response.json()["code"]) == (503, "aws_unavailable")
        assert response.headers["Retry-After"] == "5"


async def test_the_documentation_names_every_route(api: httpx.AsyncClient) -> None:
    """The service serves /docs and the OpenAPI document."""
    schema = (await api.get("/openapi.json")).json()
    assert {"/uploads", "/jobs", "/jobs/{job_id}", "/jobs/{job_id}/progress", "/healthz", "/readyz"} <= set(
        schema["paths"]
    )
    assert (await api.get("/docs")).status_code == 200


async def test_an_unknown_profile_is_refused_with_the_known_ones(api: httpx.AsyncClient) -> None:
    """On every route that announces an upload."""
    query = {"filename": "clip.mp4", "type": "video/mp4", "metadata[profile]": "none"}
    parts = {"filename": "clip.mp4", "type": "video/mp4", "metadata": {"profile": "none"}}
    for response in (
        await api.post("/uploads", json=upload_request(profile="none")),
        await api.get("/s3/params", params=query),
        await api.post("/s3/multipart", json=parts),
    ):
        assert (response.status_code, response.json()["code"]) == (422, "unknown_profile")
        assert response.json()["detail"] == "The profile is unknown; known profiles: hls."


async def test_an_upload_has_the_default_profile_from_its_announcement_on(api: httpx.AsyncClient) -> None:
    """A later change of the default doesn't change the upload."""
    upload = (await api.post("/uploads", json=upload_request())).json()
    assert (await api.get("/jobs", params={"input_file": upload["input_file"]})).json()["profile"] == "hls"
    limits = (await api.get("/limits")).json()
    assert [each["name"] for each in limits["profiles"]] == ["hls"]
    assert limits["profiles"][0]["content_types"] == limits["content_types"]
