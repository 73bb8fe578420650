"""Who may do what over HTTP, and what the application's edge lets in and sends along."""

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
from tests.integration.service_app import resources_of, serve, upload_request
from transcode.job import Failed, Failure, Job
from transcode.lookup import Lookup

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one application for all: opening one costs half a second

OPEN_PATHS = {"/healthz", "/readyz"}
ORIGIN = "https://page.example"


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """The identity provider of the callers here."""
    with little_issuer() as opened:
        yield opened


@pytest.fixture(scope="module")
def settings(stack: Stack, issuer: LittleIssuer) -> ServiceSettings:
    """Access on, one page's origin, two uploads a minute."""
    changes = {
        "auth_issuer": issuer.url,
        "auth_audience": AUDIENCE,
        "cors_allow_origins": (ORIGIN,),
        "uploads_per_minute": 2,
    }
    return service_settings(stack).model_copy(update=changes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(settings: ServiceSettings) -> AsyncIterator[httpx.AsyncClient]:
    """The API, called by nobody in particular."""
    async for client in serve(settings):
        yield client


@pytest.fixture
def caller() -> str:
    """A caller of the test's own."""
    return f"caller-{secrets.token_hex(4)}"


async def ended(api: httpx.AsyncClient, *, owner: str | None) -> tuple[str, str]:
    """A file and its job, which ended in ERROR, of this owner."""
    tables, now_s = resources_of(api), int(time.time())
    input_file, job_id = f"uploads/{secrets.token_hex(8)}/a.mp4", f"1-{secrets.token_hex(6)}"
    if owner:
        await tables.lookups.announce(Lookup(input_file=input_file, owner=owner), now_s=now_s)
    await tables.statuses.submit(Job(job_id=job_id, input_file=input_file, owner=owner), now_s=now_s)
    failure = Failure(code=1010, message="unreadable")
    await tables.statuses.advance(Failed(job_id=job_id, time_ms=2, failure=failure), now_s=now_s)
    await tables.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s)
    return input_file, job_id


async def test_every_route_but_health_wants_a_token(api: httpx.AsyncClient) -> None:
    """Read from the API's own description, so that no new route is forgotten."""
    schema = (await api.get("/openapi.json")).json()
    asked = [(method, path) for path, methods in schema["paths"].items() for method in methods]
    for method, path in asked:
        address = path.format(job_id="1-a", upload_id="u", number=1)
        query: dict[str, str | int] = {
            "key": "uploads/a",
            "input_file": "uploads/a",
            "filename": "a",
            "type": "video/mp4",
            "partNumbers": 1,
        }
        answer = await api.request(method, address, params=query, json={} if method == "post" else None)
        if path not in OPEN_PATHS:
            assert (answer.status_code, answer.json()["code"]) == (401, "missing_token"), (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert {"/uploads", "/jobs", "/events", "/s3/multipart", "/jobs/{job_id}/cancel"} <= {path for _, path in asked}
    assert (await api.get("/docs")).status_code == 200


async def test_whoever_announced_an_upload_sees_it(api: httpx.AsyncClient, issuer: LittleIssuer, caller: str) -> None:
    """And nobody else does."""
    announced = await api.post("/uploads", json=upload_request(), headers=issuer.bearer(caller))
    query = {"input_file": announced.json()["input_file"]}
    assert (await api.get("/jobs", params=query, headers=issuer.bearer(caller))).status_code == 200
    assert (await api.get("/jobs", params=query, headers=issuer.bearer("eve"))).status_code == 404


@pytest.mark.parametrize("owner", ["ada", None])
async def test_what_is_anothers_or_nobodys_is_not_there(
    api: httpx.AsyncClient, issuer: LittleIssuer, owner: str | None
) -> None:
    """Not even that it exists can be told from the answers; an object that nobody announced is nobody's."""
    input_file, job_id = await ended(api, owner=owner)
    eve = issuer.bearer("eve")
    for method, path, more in (
        ("GET", "/jobs", {"params": {"input_file": input_file}}),
        ("GET", f"/jobs/{job_id}", {}),
        ("GET", f"/jobs/{job_id}/progress", {}),
        ("GET", "/events", {"params": {"job_id": job_id}}),
        ("GET", "/events", {"params": {"input_file": input_file}}),
        ("POST", f"/jobs/{job_id}/cancel", {}),
    ):
        refused = await api.request(method, path, headers=eve, **more)  # type: ignore[arg-type]
        assert refused.status_code == 404, (method, path)
    retry = await api.post("/jobs", json={"input_file": input_file}, headers=issuer.bearer("eve-2"))
    assert (retry.status_code, retry.json()["code"]) == (404, "upload_not_found")
    seen = await api.get(f"/jobs/{job_id}", headers=issuer.bearer("ada"))
    assert seen.status_code == (200 if owner else 404)


async def test_an_expired_token_is_told_from_a_wrong_one(api: httpx.AsyncClient, issuer: LittleIssuer) -> None:
    """By code, and in the header that says how to do better."""
    expired = await api.get("/jobs/1-a", headers={"Authorization": f"Bearer {issuer.token(exp=1)}"})
    wrong = await api.get("/jobs/1-a", headers={"Authorization": "Bearer nonsense"})
    basic = await api.get("/jobs/1-a", headers={"Authorization": "Basic YTpi"})
    assert [(answer.status_code, answer.json()["code"]) for answer in (expired, wrong, basic)] == [
        (401, "expired_token"),
        (401, "invalid_token"),
        (401, "missing_token"),
    ]
    assert expired.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


async def test_an_issuer_that_is_down_is_a_503(settings: ServiceSettings, issuer: LittleIssuer, free_port: Any) -> None:  # noqa: ANN401 -- a fixture
    """Nobody's token is called wrong for it; and it says when to come again."""
    elsewhere = settings.model_copy(update={"auth_issuer": f"http://127.0.0.1:{free_port()}"})
    async for api in serve(elsewhere):
        answer = await api.get("/jobs/1-a", headers=issuer.bearer())
        assert (answer.status_code, answer.json()["code"]) == (503, "identity_provider_unavailable")
        assert int(answer.headers["Retry-After"]) > 0


async def test_one_caller_can_not_flood(api: httpx.AsyncClient, issuer: LittleIssuer, caller: str) -> None:
    """Two uploads a minute here, however they begin; another caller has two of their own."""
    mine = issuer.bearer(caller)
    await api.post("/uploads", json=upload_request(), headers=mine)
    await api.post("/s3/multipart", json={"filename": "a.mp4", "type": "video/mp4"}, headers=mine)
    third = await api.get("/s3/params?filename=a.mp4&type=video/mp4", headers=mine)
    assert (third.status_code, third.json()["code"]) == (429, "too_many_uploads")
    assert 0 < int(third.headers["Retry-After"]) <= 60
    assert (await api.post("/uploads", json=upload_request(), headers=issuer.bearer(f"{caller}-2"))).status_code == 201


async def chunks(size: int) -> AsyncIterator[bytes]:
    """A body whose length nobody announces."""
    for _ in range(size // 1024):
        yield b"x" * 1024


async def test_a_body_that_is_too_large_is_not_read(api: httpx.AsyncClient, issuer: LittleIssuer, caller: str) -> None:
    """Announced or in chunks: 413; the list of ten thousand parts is the one large body there is."""
    mine = {**issuer.bearer(caller), "Content-Type": "application/json"}
    parts = {"parts": [{"PartNumber": number, "ETag": "0" * 34} for number in range(1, 10_001)]}
    announced = await api.post("/uploads", content=b"x" * 70_000, headers=mine)
    chunked = await api.post("/uploads", content=chunks(70_000), headers=mine)
    listed = await api.post("/s3/multipart/u/complete?key=uploads/a", json=parts, headers=mine)
    assert [(answer.status_code, answer.json()["code"]) for answer in (announced, chunked, listed)] == [
        (413, "request_too_large"),
        (413, "request_too_large"),
        (404, "upload_not_found"),
    ]


@pytest.mark.parametrize("path", ["/healthz", "/jobs/1-a", "/nowhere", "/docs"])
async def test_every_answer_tells_browsers_to_be_careful(api: httpx.AsyncClient, path: str) -> None:
    """No sniffing, no frames, no referrer, no scripts but the documentation's."""
    headers = (await api.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert ("script-src" in headers["Content-Security-Policy"]) == (path == "/docs")


@pytest.mark.parametrize(
    ("method", "header"),
    [("DELETE", "authorization"), ("GET", "last-event-id"), ("GET", "if-none-match"), ("POST", "content-type")],
)
async def test_the_pages_origin_may_ask_what_it_needs(api: httpx.AsyncClient, method: str, header: str) -> None:
    """With a token in a header, never with cookies; other origins may not."""
    preflight = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": header}
    ours = await api.options("/jobs", headers={**preflight, "Origin": ORIGIN})
    other = await api.options("/jobs", headers={**preflight, "Origin": "https://elsewhere.example"})
    assert (ours.status_code, ours.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    assert "Access-Control-Allow-Credentials" not in ours.headers
    assert "Access-Control-Allow-Origin" not in other.headers


async def test_a_page_can_read_why_it_was_refused(api: httpx.AsyncClient) -> None:
    """401 and 413 carry the page's origin too."""
    unauthorized = await api.get("/jobs/1-a", headers={"Origin": ORIGIN})
    too_large = await api.post("/uploads", content=b"x" * 70_000, headers={"Origin": ORIGIN})
    for answer, status in ((unauthorized, 401), (too_large, 413)):
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, ORIGIN)
