"""Access to uploads and jobs over HTTP, body limits, security headers and CORS."""

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from local.provision import Stack
from service.settings import ServiceSettings
from tests.fake_issuer import AUDIENCE, LittleIssuer, little_issuer
from tests.integration.process_settings import service_settings
from tests.integration.service_app import serve, upload_request
from tests.integration.stores import Stores
from transcode.job import Failed, Failure, Job
from transcode.lookup import Lookup

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one application for all tests, because they need no other state

OPEN_PATHS = {"/healthz", "/readyz", "/limits"}
ORIGIN = "https://page.example"


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """The identity provider of the callers."""
    with little_issuer() as opened:
        yield opened


@pytest.fixture(scope="module")
def settings(stack: Stack, issuer: LittleIssuer) -> ServiceSettings:
    """Access is on, one origin may call, and a caller may announce two uploads per minute."""
    changes = {
        "auth_issuer": issuer.url,
        "auth_audience": AUDIENCE,
        "cors_allow_origins": (ORIGIN,),
        "uploads_per_minute": 2,
    }
    return service_settings(stack).model_copy(update=changes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(settings: ServiceSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API that sends no token."""
    async for client in serve(settings):
        yield client


@pytest.fixture
def caller() -> str:
    """A caller of the test's own."""
    return f"caller-{secrets.token_hex(4)}"


async def failed_job(stores: Stores, *, owner: str | None) -> tuple[str, str]:
    """Write the rows of a file of this owner whose job ended in ERROR; return the file and the job id."""
    now_s = int(time.time())
    input_file, job_id = f"uploads/{secrets.token_hex(8)}/a.mp4", f"1-{secrets.token_hex(6)}"
    if owner:
        await stores.lookups.announce(Lookup(input_file=input_file, owner=owner), now_s=now_s)
    await stores.statuses.submit(Job(job_id=job_id, input_file=input_file, owner=owner), now_s=now_s)
    failure = Failure(code=1010, message="unreadable")
    await stores.statuses.advance(Failed(job_id=job_id, time_ms=2, failure=failure), now_s=now_s)
    await stores.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s)
    return input_file, job_id


async def test_every_route_except_health_requires_a_token(api: httpx.AsyncClient) -> None:
    """The test reads the routes from the OpenAPI document, so it covers new routes too."""
    schema = (await api.get("/openapi.json")).json()
    operations = [(method, path) for path, methods in schema["paths"].items() for method in methods]
    for method, path in operations:
        address = path.format(job_id="1-a", upload_id="u", number=1)
        query: dict[str, str | int] = {
            "key": "uploads/a",
            "input_file": "uploads/a",
            "filename": "a",
            "type": "video/mp4",
            "partNumbers": 1,
        }
        response = await api.request(method, address, params=query, json={} if method in ("post", "patch") else None)
        if path not in OPEN_PATHS:
            assert (response.status_code, response.json()["code"]) == (401, "missing_token"), (method, path)
            assert response.headers["WWW-Authenticate"] == "Bearer"
    assert {"/uploads", "/jobs", "/events", "/s3/multipart", "/jobs/{job_id}/cancel"} <= {
        path for _, path in operations
    }
    assert (await api.get("/docs")).status_code == 200


async def test_a_caller_can_read_its_own_upload(api: httpx.AsyncClient, issuer: LittleIssuer, caller: str) -> None:
    """Every other caller gets 404."""
    announced = await api.post("/uploads", json=upload_request(), headers=issuer.bearer(caller))
    query = {"input_file": announced.json()["input_file"]}
    assert (await api.get("/jobs", params=query, headers=issuer.bearer(caller))).status_code == 200
    assert (await api.get("/jobs", params=query, headers=issuer.bearer("eve"))).status_code == 404


@pytest.mark.parametrize("owner", ["ada", None])
async def test_an_upload_or_job_of_another_caller_is_a_404(
    api: httpx.AsyncClient, module_stores: Stores, issuer: LittleIssuer, owner: str | None
) -> None:
    """The response doesn't show that it exists. An object that was not announced belongs to no caller."""
    input_file, job_id = await failed_job(module_stores, owner=owner)
    eve = issuer.bearer("eve")
    for method, path, more in (
        ("GET", "/jobs", {"params": {"input_file": input_file}}),
        ("GET", f"/jobs/{job_id}", {}),
        ("GET", f"/jobs/{job_id}/progress", {}),
        ("GET", "/events", {"params": {"job_id": job_id}}),
        ("GET", "/events", {"params": {"input_file": input_file}}),
        ("POST", f"/jobs/{job_id}/cancel", {}),
        ("POST", "/jobs/cancel", {"json": {"input_file": input_file}}),
        ("PATCH", "/uploads", {"params": {"input_file": input_file}, "json": {"external_id": "eve's"}}),
        ("DELETE", "/uploads", {"params": {"input_file": input_file}}),
    ):
        refused = await api.request(method, path, headers=eve, **more)  # type: ignore[arg-type]
        assert refused.status_code == 404, (method, path)
    retry = await api.post("/jobs", json={"input_file": input_file}, headers=issuer.bearer("eve-2"))
    assert (retry.status_code, retry.json()["code"]) == (404, "upload_not_found")
    row = await module_stores.lookups.get(input_file, now_s=int(time.time()))
    assert row is not None  # nothing of it was deleted
    seen = await api.get(f"/jobs/{job_id}", headers=issuer.bearer("ada"))
    assert seen.status_code == (200 if owner else 404)
    assert input_file not in (await api.get("/uploads", headers=eve)).text
    listed = await api.get("/uploads", headers=issuer.bearer("ada"))
    assert (input_file in listed.text) == (owner is not None)
    assert "eve's" not in listed.text


async def test_an_expired_token_has_an_error_of_its_own(api: httpx.AsyncClient, issuer: LittleIssuer) -> None:
    """The code and the WWW-Authenticate header differ."""
    expired = await api.get("/jobs/1-a", headers={"Authorization": f"Bearer {issuer.token(exp=1)}"})
    wrong = await api.get("/jobs/1-a", headers={"Authorization": "Bearer nonsense"})
    basic = await api.get("/jobs/1-a", headers={"Authorization": "Basic YTpi"})
    assert [(response.status_code, response.json()["code"]) for response in (expired, wrong, basic)] == [
        (401, "expired_token"),
        (401, "invalid_token"),
        (401, "missing_token"),
    ]
    assert expired.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


async def test_an_unreachable_issuer_is_a_503(settings: ServiceSettings, issuer: LittleIssuer, free_port: Any) -> None:  # noqa: ANN401 -- a fixture
    """The service reports no token as invalid, and sends Retry-After."""
    elsewhere = settings.model_copy(update={"auth_issuer": f"http://127.0.0.1:{free_port()}"})
    async for api in serve(elsewhere):
        response = await api.get("/jobs/1-a", headers=issuer.bearer())
        assert (response.status_code, response.json()["code"]) == (503, "identity_provider_unavailable")
        assert int(response.headers["Retry-After"]) > 0


async def test_a_callers_uploads_per_minute_are_limited(
    api: httpx.AsyncClient, issuer: LittleIssuer, caller: str
) -> None:
    """Here, two uploads per minute, by any route; each caller has its own limit."""
    mine = issuer.bearer(caller)
    await api.post("/uploads", json=upload_request(), headers=mine)
    await api.post("/s3/multipart", json={"filename": "a.mp4", "type": "video/mp4"}, headers=mine)
    third = await api.get("/s3/params?filename=a.mp4&type=video/mp4", headers=mine)
    assert (third.status_code, third.json()["code"]) == (429, "too_many_uploads")
    assert 0 < int(third.headers["Retry-After"]) <= 60
    assert (await api.post("/uploads", json=upload_request(), headers=issuer.bearer(f"{caller}-2"))).status_code == 201


async def chunks(size: int) -> AsyncIterator[bytes]:
    """Yield a body without a Content-Length."""
    for _ in range(size // 1024):
        yield b"x" * 1024


async def test_a_body_that_is_too_large_is_refused(api: httpx.AsyncClient, issuer: LittleIssuer, caller: str) -> None:
    """413, with and without a Content-Length. Only the list of 10,000 parts may be large."""
    mine = {**issuer.bearer(caller), "Content-Type": "application/json"}
    parts = {"parts": [{"PartNumber": number, "ETag": "0" * 34} for number in range(1, 10_001)]}
    announced = await api.post("/uploads", content=b"x" * 70_000, headers=mine)
    chunked = await api.post("/uploads", content=chunks(70_000), headers=mine)
    listed = await api.post("/s3/multipart/u/complete?key=uploads/a", json=parts, headers=mine)
    assert [(response.status_code, response.json()["code"]) for response in (announced, chunked, listed)] == [
        (413, "request_too_large"),
        (413, "request_too_large"),
        (404, "upload_not_found"),
    ]


@pytest.mark.parametrize("path", ["/healthz", "/jobs/1-a", "/nowhere", "/docs"])
async def test_every_response_has_the_security_headers(api: httpx.AsyncClient, path: str) -> None:
    """They forbid sniffing, frames, referrers, and all scripts except those of the documentation."""
    headers = (await api.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert ("script-src" in headers["Content-Security-Policy"]) == (path == "/docs")


@pytest.mark.parametrize(
    ("method", "header"),
    [
        ("DELETE", "authorization"),
        ("PATCH", "idempotency-key"),
        ("GET", "last-event-id"),
        ("GET", "if-none-match"),
        ("POST", "content-type"),
    ],
)
async def test_the_pages_origin_may_send_its_requests(api: httpx.AsyncClient, method: str, header: str) -> None:
    """The origin may send a token in a header, but no cookies; other origins may send nothing."""
    preflight = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": header}
    ours = await api.options("/jobs", headers={**preflight, "Origin": ORIGIN})
    other = await api.options("/jobs", headers={**preflight, "Origin": "https://elsewhere.example"})
    assert (ours.status_code, ours.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    assert "Access-Control-Allow-Credentials" not in ours.headers
    assert "Access-Control-Allow-Origin" not in other.headers


async def test_a_page_can_read_the_error_of_a_refused_request(api: httpx.AsyncClient) -> None:
    """401 and 413 have the CORS header too."""
    unauthorized = await api.get("/jobs/1-a", headers={"Origin": ORIGIN})
    too_large = await api.post("/uploads", content=b"x" * 70_000, headers={"Origin": ORIGIN})
    for response, status in ((unauthorized, 401), (too_large, 413)):
        assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (status, ORIGIN)
