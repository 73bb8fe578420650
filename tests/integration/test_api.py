"""The HTTP API, on real tables and a real bucket."""

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
"""After so long, whoever asks for a job is told how it stands now."""


@pytest.fixture(params=["container", "lambda"])
async def api(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """The API on the shared pipeline, as a container and as a Lambda function run it."""
    if request.param == "lambda":
        async with invoking(service_settings(stack), http_api) as client:
            yield client
        return
    async for client in serve(service_settings(stack)):
        yield client


async def put(upload: dict[str, Any], body: bytes, **headers: str) -> int:
    """Send the file as the answer says, and return S3's status."""
    async with httpx.AsyncClient() as s3:
        answer = await s3.put(upload["url"], content=body, headers={**upload["headers"], **headers})
    return answer.status_code


async def test_an_announced_upload_is_taken_by_s3(api: httpx.AsyncClient) -> None:
    """The presigned URL works as it is, with exactly the headers given."""
    answer = await api.post("/uploads", json=upload_request())
    assert answer.status_code == 201
    assert await put(answer.json(), b"video") == 200


async def test_a_type_with_parameters_is_taken_as_a_browser_gives_it(api: httpx.AsyncClient) -> None:
    """A recording of the browser's own names its codecs; the signature binds what was announced."""
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
    """What was announced is what comes, or nothing does."""
    upload = (await api.post("/uploads", json=upload_request())).json()
    assert await put(upload, body, **headers) == 403


async def test_the_signature_binds_the_key(api: httpx.AsyncClient) -> None:
    """Nobody uploads over another's file."""
    upload = (await api.post("/uploads", json=upload_request())).json()
    assert await put({**upload, "url": upload["url"].replace("/clip.mp4", "/other.mp4")}, b"video") == 403


async def test_an_upload_waits_under_its_own_name(api: httpx.AsyncClient) -> None:
    """Before there is a job, the file is known and awaited."""
    upload = (await api.post("/uploads", json=upload_request(file_name="私の ビデオ+50%#1.mp4"))).json()
    job = (await api.get("/jobs", params={"input_file": upload["input_file"]})).json()
    assert (job["status"], job["job_id"], job["progress_percent"]) == ("AWAITING_UPLOAD", None, None)
    assert job["file_name"] == "私の ビデオ+50%#1.mp4"


@pytest.mark.parametrize(
    ("changes", "status", "names"),
    [
        ({"size_bytes": UPLOAD_MAX_BYTES + 1}, 413, "upload_too_large"),
        ({"content_type": "text/html"}, 415, "unsupported_content_type"),
        ({"size_bytes": 0}, 422, "size_bytes"),
        ({"size_bytes": "many"}, 422, "size_bytes"),
        ({"file_name": ""}, 422, "file_name"),
        ({"file_name": "a" * 1025}, 422, "file_name"),
        ({"content_type": None}, 422, "content_type"),
        ({"colour": "red"}, 422, "colour"),
    ],
)
async def test_a_bad_request_is_told_what_is_wrong_with_it(
    api: httpx.AsyncClient, changes: dict[str, object], status: int, names: str
) -> None:
    """The status, a stable code, and the field's name."""
    answer = await api.post("/uploads", json=upload_request(**changes))
    assert answer.status_code == status
    assert set(answer.json()) == {"detail", "code"}
    assert names in answer.text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/jobs?input_file=uploads/nobody/announced.mp4", 404, "upload_not_found"),
        ("/jobs", 422, "invalid_request"),
        ("/jobs/1-nosuch", 404, "job_not_found"),
        ("/jobs/1-nosuch/progress", 404, "job_not_found"),
        ("/jobs/claim:abc", 422, "invalid_request"),
        ("/nowhere", 404, "not_found"),
    ],
)
async def test_what_is_not_there_is_a_clear_error(api: httpx.AsyncClient, path: str, status: int, code: str) -> None:
    """All errors have one shape."""
    answer = await api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_jobs_whole_life_can_be_read(
    api: httpx.AsyncClient, stores: Stores, job_id: str, input_file: str
) -> None:
    """By file and by id: SUBMITTED, a percentage, COMPLETE with what to play."""
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
    """And its warnings, each code once."""
    now_s = int(time.time())
    for warning in (JobWarning(code=230001), JobWarning(code=230001, message="odd timestamps")):
        await stores.statuses.advance(WarningRaised(job_id=job_id, time_ms=1, warning=warning), now_s=now_s)
    failure = Failure(code=1010, message="Unable to open input file [a.mp4]")
    await stores.statuses.advance(Failed(job_id=job_id, time_ms=2, failure=failure), now_s=now_s)
    job = (await api.get(f"/jobs/{job_id}")).json()
    assert job["error"] == {"code": 1010, "message": "Unable to open input file [a.mp4]"}
    assert job["warnings"] == [{"code": 230001, "message": "odd timestamps"}]


async def test_a_job_that_could_not_be_made_is_an_error_of_the_file(
    api: httpx.AsyncClient, stores: Stores, input_file: str
) -> None:
    """No front end waits for it."""
    now_s = int(time.time())
    await stores.lookups.announce(Lookup(input_file=input_file, file_name="a.mp4"), now_s=now_s)
    await stores.lookups.refuse(input_file, Failure(code=402, message="quota"), claimed_ms=1, now_s=now_s)
    job = (await api.get("/jobs", params={"input_file": input_file})).json()
    assert (job["status"], job["job_id"], job["error"]) == ("ERROR", None, {"code": 402, "message": "quota"})


async def test_progress_that_has_not_changed_is_not_sent_again(
    api: httpx.AsyncClient, stores: Stores, job_id: str
) -> None:
    """304 while the tag holds, 200 with another once the job moved."""
    now_s = int(time.time())
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=1, percent=10), now_s=now_s)
    first = await api.get(f"/jobs/{job_id}/progress")
    again = await api.get(f"/jobs/{job_id}/progress", headers={"If-None-Match": first.headers["ETag"]})
    await stores.statuses.advance(Progressed(job_id=job_id, time_ms=2, percent=11), now_s=now_s)
    await asyncio.sleep(FRESH_S)
    moved = await api.get(f"/jobs/{job_id}/progress", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert (moved.status_code, moved.json()["progress_percent"]) == (200, 11)
    assert set(moved.json()) == {"job_id", "status", "progress_percent", "phase", "eta_s", "updated_at"}


async def test_health_and_readiness(api: httpx.AsyncClient) -> None:
    """Alive, and able to reach tables and bucket."""
    assert (await api.get("/healthz")).json() == {"status": "ok"}
    assert (await api.get("/readyz")).status_code == 200


async def test_a_service_without_its_tables_is_alive_but_not_ready(stack: Stack) -> None:
    """Healthz says the process runs; readyz is 503, and says to try again."""
    settings = service_settings(stack).model_copy(update={"status_table": f"none-{secrets.token_hex(4)}"})
    async for api in serve(settings):
        answer = await api.get("/readyz")
        assert (await api.get("/healthz")).status_code == 200
        assert (answer.status_code, answer.json()["code"]) == (503, "aws_unavailable")
        assert "Retry-After" in answer.headers


async def test_aws_out_of_reach_is_a_503_within_seconds(stack: Stack, free_port: Any) -> None:  # noqa: ANN401 -- a fixture
    """Bounded time, and when to come again."""
    settings = service_settings(stack).model_copy(update={"aws_endpoint_url": f"http://127.0.0.1:{free_port()}"})
    async for api in serve(settings):
        answer = await api.get("/jobs/1-abc")
        assert (answer.status_code, answer.json()["code"]) == (503, "aws_unavailable")
        assert answer.headers["Retry-After"] == "5"


async def test_the_documentation_names_every_route(api: httpx.AsyncClient) -> None:
    """/docs and its schema are served."""
    schema = (await api.get("/openapi.json")).json()
    assert {"/uploads", "/jobs", "/jobs/{job_id}", "/jobs/{job_id}/progress", "/healthz", "/readyz"} <= set(
        schema["paths"]
    )
    assert (await api.get("/docs")).status_code == 200
