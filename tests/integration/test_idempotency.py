"""Requests that a client repeats with the same Idempotency-Key take effect once."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
import pytest_asyncio

from local.provision import Stack
from service.aws.idempotency_keys import KEPT_S, LOCK_S, IdempotencyKeys
from tests.integration.process_settings import service_settings
from tests.integration.service_app import resources_of, serve, upload_request
from tests.integration.stores import Stores
from transcode.aws import Aws, open_aws
from transcode.errors import AwsUnavailableError, IdempotencyKeyInUseError
from transcode.job import Failed, Failure, Job, Status
from transcode.lookup import Lookup
from transcode.lookup_table import LookupTable

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one application for all tests; each test has its own keys

NOW_S = 1_900_000_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API."""
    changes = {"fresh_s": 0.0, "uploads_queue_url": stack.uploads_queue_url}
    async for client in serve(service_settings(stack).model_copy(update=changes)):
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own_aws(stack: Stack) -> AsyncIterator[Aws]:
    """Clients for the test's own requests."""
    async with open_aws(region="us-east-1", endpoint_url=stack.endpoint_url) as opened:
        yield opened


@pytest.fixture
def key() -> dict[str, str]:
    """The header with a key of the test's own."""
    return {"Idempotency-Key": secrets.token_hex(8)}


@pytest.fixture
def keys(api: httpx.AsyncClient) -> IdempotencyKeys:
    """The application's store of keys."""
    return resources_of(api).idempotency


async def created(api: httpx.AsyncClient, key: Mapping[str, str], **changes: object) -> httpx.Response:
    """Announce an upload with a key."""
    return await api.post("/uploads", json=upload_request(**changes), headers=key)


async def test_a_repeated_request_gets_the_same_upload(api: httpx.AsyncClient, key: Mapping[str, str]) -> None:
    """It is signed again, so the client can send the file."""
    first, second = await created(api, key), await created(api, key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["input_file"] == second.json()["input_file"]
    url, headers = second.json()["url"], second.json()["headers"]
    async with httpx.AsyncClient() as client:
        assert (await client.put(url, content=b"video", headers=headers)).status_code == 200


async def test_another_body_or_route_with_the_key_is_refused(api: httpx.AsyncClient, key: Mapping[str, str]) -> None:
    """A client that uses a key for two requests has a defect."""
    first = await created(api, key, metadata={"a": "1", "b": "2"})
    same = await created(api, key, metadata={"b": "2", "a": "1"})
    other = await created(api, key, size_bytes=6)
    route = await api.post("/jobs", json={"input_file": first.json()["input_file"]}, headers=key)
    assert [each.status_code for each in (first, same, other, route)] == [201, 201, 422, 422]
    assert {other.json()["code"], route.json()["code"]} == {"idempotency_key_reused"}


async def test_a_request_without_a_key_is_a_new_upload(api: httpx.AsyncClient) -> None:
    """Nothing changes for clients that send no key."""
    files = {(await created(api, {})).json()["input_file"] for _ in range(2)}
    assert len(files) == 2


@pytest.mark.parametrize("value", ["", "a b", "x" * 256])
async def test_an_invalid_key_is_refused_by_name(api: httpx.AsyncClient, value: str) -> None:
    """A key has up to 255 visible ASCII characters."""
    refused = await created(api, {"Idempotency-Key": value})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert "idempotency-key" in refused.text.lower()


async def test_of_two_requests_at_once_one_takes_effect(api: httpx.AsyncClient, key: Mapping[str, str]) -> None:
    """The others get 409, or the same upload."""
    responses = await asyncio.gather(*(created(api, key) for _ in range(5)))
    files = {each.json()["input_file"] for each in responses if each.status_code == 201}
    assert len(files) == 1
    codes = {each.json()["code"] for each in responses if each.status_code != 201}
    assert codes <= {"idempotency_key_in_use"}


async def test_once_the_file_is_there_a_repeated_request_is_refused(
    api: httpx.AsyncClient, stack: Stack, own_aws: Aws, key: Mapping[str, str]
) -> None:
    """The client learns which upload it is, and gets no signature for a file that S3 would refuse."""
    input_file = (await created(api, key)).json()["input_file"]
    await (await own_aws.s3()).put_object(Bucket=stack.input_bucket, Key=input_file, Body=b"video")
    repeated = await created(api, key)
    assert (repeated.status_code, repeated.json()["code"]) == (409, "upload_completed")
    assert input_file in repeated.json()["detail"]


async def test_a_refused_request_leaves_its_key_free(api: httpx.AsyncClient, key: Mapping[str, str]) -> None:
    """A refusal is no effect: the client may correct the request and keep the key."""
    missing = await api.post("/jobs", json={"input_file": "uploads/1/missing.mp4"}, headers=key)
    assert missing.status_code == 404
    assert (await created(api, key)).status_code == 201


async def test_a_request_that_aws_failed_continues_when_it_is_repeated(
    api: httpx.AsyncClient, key: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have taken effect, so the key keeps its upload; the client need not wait for the end of a lock."""
    targets: list[str] = []

    async def fail(_: object, lookup: Lookup, **__: object) -> None:
        targets.append(lookup.input_file)
        raise AwsUnavailableError

    with monkeypatch.context() as patch:
        patch.setattr(LookupTable, "announce", fail)
        assert (await created(api, key)).status_code == 503
    assert [(await created(api, key)).json()["input_file"]] == targets


async def test_a_key_row_is_no_upload(api: httpx.AsyncClient, key: Mapping[str, str], keys: IdempotencyKeys) -> None:
    """The row is in the table of input files, and no route shows it."""
    await created(api, key)
    claim = await keys.claim("open", "another", request="r", target="t", now_s=int(time.time()))
    assert (await api.get("/jobs", params={"input_file": claim.row})).status_code == 404
    await keys.release(claim)


async def test_after_a_crash_a_repeated_request_continues_with_the_same_target(
    keys: IdempotencyKeys, key: Mapping[str, str]
) -> None:
    """The lock of the dead process ends; one of several repeated requests gets it."""
    name = key["Idempotency-Key"]
    request = {"request": "r", "target": "first"}
    await keys.claim("ada", name, **request, now_s=NOW_S)
    with pytest.raises(IdempotencyKeyInUseError):
        await keys.claim("ada", name, **request, now_s=NOW_S + LOCK_S - 1)
    again = {"request": "r", "target": "second", "now_s": NOW_S + LOCK_S}
    outcomes: list[Any] = await asyncio.gather(
        *(keys.claim("ada", name, **again) for _ in range(3)),  # type: ignore[arg-type]
        return_exceptions=True,
    )
    claims = [each for each in outcomes if not isinstance(each, IdempotencyKeyInUseError)]
    assert [(each.target, each.is_repeated, each.is_done) for each in claims] == [("first", True, False)]


async def test_a_process_that_lost_its_lock_does_not_unlock_the_key(
    keys: IdempotencyKeys, key: Mapping[str, str]
) -> None:
    """A slow process neither finishes nor forgets the key that another one has."""
    name = key["Idempotency-Key"]
    slow = await keys.claim("ada", name, request="r", target="t", now_s=NOW_S)
    await keys.claim("ada", name, request="r", target="t", now_s=NOW_S + LOCK_S)
    await keys.finish(slow)
    await keys.release(slow)
    with pytest.raises(IdempotencyKeyInUseError):
        await keys.claim("ada", name, request="r", target="t", now_s=NOW_S + LOCK_S + 1)


async def test_a_key_is_kept_for_a_day_and_for_each_caller(keys: IdempotencyKeys, key: Mapping[str, str]) -> None:
    """Then, and for another caller, it is a new key."""
    name = key["Idempotency-Key"]
    await keys.finish(await keys.claim("ada", name, request="r", target="first", now_s=NOW_S))
    kept = await keys.claim("ada", name, request="r", target="second", now_s=NOW_S + KEPT_S - 1)
    eves = await keys.claim("eve", name, request="other", target="second", now_s=NOW_S)
    later = await keys.claim("ada", name, request="other", target="third", now_s=NOW_S + KEPT_S)
    assert [each.target for each in (kept, eves, later)] == ["first", "second", "third"]


async def failed_file(stores: Stores, stack: Stack, own_aws: Aws) -> tuple[str, str]:
    """Return a file whose job ended in ERROR, and the job's id."""
    now_s, job_id = int(time.time()), f"1-{secrets.token_hex(6)}"
    input_file = f"uploads/{secrets.token_hex(8)}/a.mp4"
    await (await own_aws.s3()).put_object(Bucket=stack.input_bucket, Key=input_file, Body=b"video")
    await stores.lookups.announce(Lookup(input_file=input_file), now_s=now_s)
    await failed_job(stores, input_file, job_id, claimed_ms=now_s * 1000)
    return input_file, job_id


async def failed_job(stores: Stores, input_file: str, job_id: str, *, claimed_ms: int) -> None:
    """Write the rows of a job of the file that ended in ERROR."""
    now_s = int(time.time())
    await stores.statuses.submit(Job(job_id=job_id, input_file=input_file), now_s=now_s)
    await stores.lookups.link(input_file, job_id, claimed_ms=claimed_ms, now_s=now_s)
    failure = Failure(code=1010, message="unreadable")
    await stores.statuses.advance(Failed(job_id=job_id, time_ms=9, failure=failure), now_s=now_s)
    await stores.lookups.end(input_file, job_id, Status.ERROR, now_s=now_s)


async def test_a_repeated_request_for_another_job_requests_one(
    api: httpx.AsyncClient, module_stores: Stores, stack: Stack, own_aws: Aws, key: Mapping[str, str]
) -> None:
    """Also when the other job has failed too: the repeated request gets that job, and requests no third one."""
    input_file, _ = await failed_file(module_stores, stack, own_aws)
    body = {"input_file": input_file}
    first = await api.post("/jobs", json=body, headers=key)
    assert (first.status_code, first.json()["status"]) == (202, "QUEUED")
    second_id = f"1-{secrets.token_hex(6)}"
    await failed_job(module_stores, input_file, second_id, claimed_ms=int(time.time() * 1000) + 5_000)
    repeated = await api.post("/jobs", json=body, headers=key)
    assert (repeated.status_code, repeated.json()["job_id"], repeated.json()["status"]) == (202, second_id, "ERROR")


async def test_a_request_for_another_job_that_died_is_not_made_twice(
    api: httpx.AsyncClient,
    module_stores: Stores,
    stack: Stack,
    own_aws: Aws,
    keys: IdempotencyKeys,
    key: Mapping[str, str],
) -> None:
    """The process died after it had sent the request, and the other job was created and failed since."""
    input_file, first_id = await failed_file(module_stores, stack, own_aws)
    long_ago_s = int(time.time()) - LOCK_S
    request = f'["JobRequest", {{"input_file": "{input_file}"}}]'
    claim = await keys.claim("open", key["Idempotency-Key"], request=request, target="", now_s=long_ago_s)
    await keys.record_target(claim, first_id)
    second_id = f"1-{secrets.token_hex(6)}"
    await failed_job(module_stores, input_file, second_id, claimed_ms=int(time.time() * 1000) + 5_000)
    repeated = await api.post("/jobs", json={"input_file": input_file}, headers=key)
    assert (repeated.status_code, repeated.json()["job_id"], repeated.json()["status"]) == (202, second_id, "ERROR")
