"""Requests that avoid CloudFront are refused where CloudFront sends a secret."""

import httpx
import pytest
import structlog
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from service.api.middleware.origin_secret import HEADER, OriginSecret
from service.app import create_app
from service.settings import ServiceSettings
from tests.unit.template_resources import resources

SECRET = "k" * 48


def api(secret: str | None = SECRET, **settings: object) -> httpx.AsyncClient:
    """Return a client of an app that is never started, so that only responses without AWS are possible."""
    app = create_app(
        ServiceSettings(input_bucket="clips-in", output_bucket="clips-out", origin_secret=secret, **settings)
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://api")


@pytest.mark.parametrize("path", ["/openapi.json", "/jobs/1-a", "/readyz", "/", "/no-such-path", "/docs"])
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(HEADER, "")],
        [(HEADER, SECRET[:-1])],
        [(HEADER, SECRET.upper())],
        [(HEADER, SECRET), (HEADER, "another")],
        [("X-Origin-Verify", SECRET)],
    ],
)
async def test_a_request_without_the_secret_is_refused(path: str, headers: list[tuple[str, str]]) -> None:
    """Whatever its path is, before anything reads the request."""
    async with api() as client:
        response = await client.get(path, headers=headers)
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:mediaconvert-status:problem:direct_access_refused",
        "title": "Direct access refused",
        "status": 403,
        "detail": "This URL is not public; use the public URL of this system.",
        "code": "direct_access_refused",
    }
    assert response.headers["X-Request-Id"]


async def test_a_request_with_the_secret_is_served() -> None:
    """CloudFront adds the header to each request."""
    async with api() as client:
        assert (await client.get("/openapi.json", headers={HEADER: SECRET})).status_code == 200
        assert (await client.options("/openapi.json")).status_code == 403


async def test_uppy_can_show_the_refusal() -> None:
    """Under /s3 the error also has Uppy's fields."""
    async with api() as client:
        body = (await client.get("/s3/params")).json()
    assert (body["code"], body["error"], body["message"]) == ("direct_access_refused", body["code"], body["detail"])


async def test_health_checks_need_no_secret() -> None:
    """Load balancers and containers check the process itself."""
    async with api() as client:
        assert (await client.get("/healthz")).status_code == 200


async def test_without_a_configured_secret_every_request_is_served() -> None:
    """On one machine, and where no CloudFront is in front of the service."""
    async with api(None) as client:
        assert (await client.get("/openapi.json")).status_code == 200


async def test_the_secret_is_never_logged() -> None:
    """Neither the configured one nor a wrong one."""
    with structlog.testing.capture_logs() as lines:
        async with api() as client:
            await client.get("/jobs/1-a", headers={HEADER: "wrong" * 9})
            await client.get("/openapi.json", headers={HEADER: SECRET})
    assert lines
    assert SECRET not in str(lines)
    assert "wrongwrong" not in str(lines)


def test_a_short_secret_is_refused() -> None:
    """A secret that can be guessed would only seem to protect."""
    with pytest.raises(ValueError, match="at least 32"):
        ServiceSettings(input_bucket="clips-in", output_bucket="clips-out", origin_secret="k" * 31)


def test_cloudfront_sends_the_header_that_the_service_reads() -> None:
    """edge.yaml adds it to the requests to the API, from the secret that lambda.yaml generates."""
    config = resources("edge.yaml")["Distribution"]["Properties"]["DistributionConfig"]
    (origin,) = [each for each in config["Origins"] if each["Id"] == "api"]
    (header,) = origin["OriginCustomHeaders"]["Fn::If"][1]
    assert header["HeaderName"] == HEADER
    assert header["HeaderValue"] == {"Fn::Sub": "{{resolve:secretsmanager:${OriginSecretArn}:SecretString}}"}
    function = resources("lambda.yaml")["Service"]["Properties"]["Environment"]["Variables"]["ORIGIN_SECRET"]
    assert function["Fn::If"][1] == {"Fn::Sub": "{{resolve:secretsmanager:${OriginSecret.Id}:SecretString}}"}
    assert resources("lambda.yaml")["OriginSecret"]["Properties"]["GenerateSecretString"]["PasswordLength"] >= 32


@pytest.mark.parametrize(
    ("sent", "expected"),
    [({}, "130.176.0.9"), ({HEADER: SECRET}, "203.0.113.9"), ({HEADER: "wrong"}, None)],
)
async def test_only_cloudfront_can_name_the_viewers_address(sent: dict[str, str], expected: str | None) -> None:
    """Limits by address count viewers, and no request without the secret changes its address."""
    seen: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["client"][0])

    async def ignore(_message: object) -> None:
        pass

    headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 130.176.0.9", **sent}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope: Scope = {"type": "http", "path": "/healthz" if not sent else "/jobs", "headers": raw, "method": "GET"}
    await OriginSecret(app, SECRET)({**scope, "client": ("130.176.0.9", 1)}, Request(scope).receive, ignore)
    assert seen == ([expected] if expected else [])
