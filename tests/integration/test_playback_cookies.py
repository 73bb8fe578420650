"""Playback's cookies: the API sets them for a video's owner only, and they give access to its key file."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from structlog.testing import capture_logs

from local.playback_key import new_key_pair
from local.provision import Stack
from service.playback.signer import PlaybackKeyError
from service.settings import ServiceSettings
from tests.fake_issuer import AUDIENCE, LittleIssuer, little_issuer
from tests.integration.lambda_events import http_api
from tests.integration.lambda_transport import invoking
from tests.integration.process_settings import service_settings
from tests.integration.service_app import serve
from tests.integration.stores import Stores
from transcode.aws import open_aws
from transcode.job import Completed, Job, Output
from transcode.lookup import Lookup

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one application for all tests, because they need no other state

KEYS = new_key_pair()
KEY_FILE = bytes(range(16))
NAMES = {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """The identity provider of the callers."""
    with little_issuer() as provider:
        yield provider


@pytest.fixture(scope="module")
def playback_url(stack: Stack, free_port: Callable[[], int]) -> Iterator[str]:
    """The URL of a playback process that requires cookies for key files."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "OUTPUT_BUCKET": stack.output_bucket,
        "AWS_ENDPOINT_URL": stack.endpoint_url,
        "PLAYBACK_PORT": str(port),
        "PLAYBACK_BASE_URL": url,
        "PLAYBACK_KEY_PAIR_ID": "KTEST",
        "PLAYBACK_PUBLIC_KEY": KEYS.public_pem,
    }
    server = subprocess.Popen([sys.executable, "-m", "local.playback_server"], env={**os.environ, **environment})
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and server.poll() is None:
            with suppress(httpx.TransportError):
                httpx.get(f"{url}/healthz", trust_env=False).raise_for_status()
                break
            time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="module")
def settings(stack: Stack, issuer: LittleIssuer, playback_url: str) -> ServiceSettings:
    """Access is on, and the service sets playback's cookies."""
    changes = {
        "auth_issuer": issuer.url,
        "auth_audience": AUDIENCE,
        "playback_base_url": playback_url,
        "playback_key_pair_id": "KTEST",
        "playback_private_key": SecretStr(KEYS.private_pem),
    }
    return service_settings(stack).model_copy(update=changes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(settings: ServiceSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API that sends no token."""
    async for client in serve(settings):
        yield client


async def put_complete_job(stores: Stores, stack: Stack, *, owner: str) -> Job:
    """Write the rows and the key file of a complete job of this owner."""
    now_s = int(time.time())
    input_file, job_id = f"uploads/{secrets.token_hex(8)}/a.mp4", f"1-{secrets.token_hex(6)}"
    output = Output(path=f"{input_file}_20261122080000-4be1c7/", playlists={".m3u8": "a.m3u8"})
    await stores.lookups.announce(Lookup(input_file=input_file, owner=owner), now_s=now_s)
    await stores.statuses.submit(Job(job_id=job_id, input_file=input_file, owner=owner), now_s=now_s)
    await stores.lookups.link(input_file, job_id, claimed_ms=1, now_s=now_s)
    async with open_aws(region="us-east-1", endpoint_url=stack.endpoint_url) as aws:
        await (await aws.s3()).put_object(Bucket=stack.output_bucket, Key=f"{output.path}a.key", Body=KEY_FILE)
    await stores.statuses.advance(Completed(job_id=job_id, time_ms=2, output=output), now_s=now_s)
    return Job(job_id=job_id, input_file=input_file, output=output)


def cookies_of(response: httpx.Response) -> dict[str, str]:
    """Return the cookies that a response sets."""
    pairs = [header.split(";")[0].split("=", 1) for header in response.headers.get_list("set-cookie")]
    return dict(pairs)


def key_url(playback_url: str, job: Job) -> str:
    """Return the URL of a job's key file."""
    assert job.output is not None
    return f"{playback_url}/{job.output.path}a.key"


async def fetch(url: str, cookies: dict[str, str]) -> httpx.Response:
    """Fetch as a browser does; it sends Secure cookies to 127.0.0.1 also without TLS."""
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    async with httpx.AsyncClient(trust_env=False) as player:
        return await player.get(url, headers={"Cookie": header} if header else {})


async def test_the_owner_gets_cookies_that_give_access_to_the_key(
    api: httpx.AsyncClient, module_stores: Stores, stack: Stack, issuer: LittleIssuer, playback_url: str
) -> None:
    """By job id and by file; the response body doesn't have them."""
    job = await put_complete_job(module_stores, stack, owner="ada")
    by_id = await api.get(f"/jobs/{job.job_id}", headers=issuer.bearer("ada"))
    by_file = await api.get("/jobs", params={"input_file": str(job.input_file)}, headers=issuer.bearer("ada"))
    for response in (by_id, by_file):
        cookies = cookies_of(response)
        assert set(cookies) == NAMES
        assert not any(value in response.text for value in cookies.values())
        key = await fetch(key_url(playback_url, job), cookies)
        assert (key.status_code, key.content) == (200, KEY_FILE)
        assert key.headers["cache-control"] == "no-store"


async def test_another_caller_gets_no_cookies_and_no_key(
    api: httpx.AsyncClient, module_stores: Stores, stack: Stack, issuer: LittleIssuer, playback_url: str
) -> None:
    """The job is a 404, and the key a 403, also with the cookies of another video."""
    job = await put_complete_job(module_stores, stack, owner="ada")
    own = await put_complete_job(module_stores, stack, owner="eve")
    job_response = await api.get(f"/jobs/{job.job_id}", headers=issuer.bearer("eve"))
    assert (job_response.status_code, cookies_of(job_response)) == (404, {})
    assert (await fetch(key_url(playback_url, job), {})).status_code == 403
    others = cookies_of(await api.get(f"/jobs/{own.job_id}", headers=issuer.bearer("eve")))
    assert (await fetch(key_url(playback_url, job), others)).status_code == 403


async def test_only_key_files_need_cookies(module_stores: Stores, stack: Stack, playback_url: str) -> None:
    """Playlists and segments stay cacheable; a key file needs cookies in any encoding of its name."""
    job = await put_complete_job(module_stores, stack, owner="ada")
    url = key_url(playback_url, job)
    assert (await fetch(url.replace("a.key", "a.m3u8"), {})).status_code == 404
    assert (await fetch(url.replace("a.key", "a%2ekey"), {})).status_code == 403
    assert (await fetch(url.replace("a.key", "a.%6bey"), {})).status_code == 403


async def test_an_unfinished_job_sets_no_cookies(
    api: httpx.AsyncClient, module_stores: Stores, issuer: LittleIssuer
) -> None:
    """It has no key file yet."""
    now_s = int(time.time())
    job_id = f"1-{secrets.token_hex(6)}"
    await module_stores.statuses.submit(Job(job_id=job_id, owner="ada"), now_s=now_s)
    response = await api.get(f"/jobs/{job_id}", headers=issuer.bearer("ada"))
    assert (response.status_code, cookies_of(response)) == (200, {})


async def test_a_lambda_function_signs_the_cookies_with_a_key_from_secrets_manager(
    module_stores: Stores,
    settings: ServiceSettings,
    stack: Stack,
    issuer: LittleIssuer,
    playback_url: str,
) -> None:
    """All three cookies pass through API Gateway's events, and give access to the key."""
    job = await put_complete_job(module_stores, stack, owner="ada")
    async with open_aws(region="us-east-1", endpoint_url=stack.endpoint_url) as aws:
        made = await (await aws.secretsmanager()).create_secret(
            Name=f"playback-{secrets.token_hex(4)}", SecretString=KEYS.private_pem
        )
    changes: dict[str, Any] = {"playback_private_key": None, "playback_private_key_secret_arn": made["ARN"]}
    async with invoking(settings.model_copy(update=changes), http_api) as function:
        response = await function.get(f"/jobs/{job.job_id}", headers=issuer.bearer("ada"))
    assert set(cookies_of(response)) == NAMES
    assert (await fetch(key_url(playback_url, job), cookies_of(response))).content == KEY_FILE


@pytest.mark.parametrize("secret", [None, "no key at all"], ids=["missing", "wrong"])
async def test_the_service_does_not_start_without_a_valid_private_key(
    settings: ServiceSettings, stack: Stack, secret: str | None
) -> None:
    """One log line has the secret's ARN and the reason, and nothing of the secret."""
    arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:none-a1b2c3"
    if secret is not None:
        async with open_aws(region="us-east-1", endpoint_url=stack.endpoint_url) as aws:
            client = await aws.secretsmanager()
            arn = (await client.create_secret(Name=f"playback-{secrets.token_hex(4)}", SecretString=secret))["ARN"]
    changes: dict[str, Any] = {"playback_private_key": None, "playback_private_key_secret_arn": arn}
    with capture_logs() as logged, pytest.raises(PlaybackKeyError) as refused:
        async for _ in serve(settings.model_copy(update=changes)):
            pass
    (line,) = [each for each in logged if each["event"] == "playback.key_unusable"]
    assert (line["secret"], line["reason"]) == (arn, str(refused.value))
    assert secret is None or secret not in line["reason"]


async def test_the_cookies_and_the_key_are_in_no_log(
    api: httpx.AsyncClient, module_stores: Stores, stack: Stack, issuer: LittleIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """At log level DEBUG, while the service sets them."""
    caplog.set_level("DEBUG")
    job = await put_complete_job(module_stores, stack, owner="ada")
    response = await api.get(f"/jobs/{job.job_id}", headers=issuer.bearer("ada"))
    logged = caplog.text
    assert cookies_of(response)
    assert not any(value in logged for name, value in cookies_of(response).items() if name != "CloudFront-Key-Pair-Id")
    assert KEYS.private_pem.splitlines()[1] not in logged
