"""The bytes that S3 may store for a multipart upload: by part, by upload, by caller; and its one completion."""

import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from local.provision import Stack
from service.api.middleware.body_limits import MAX_PART_LIST_BYTES
from service.uploads.parts import MAX_MISSING_PARTS, MAX_PARTS, MIN_PART_BYTES
from tests.fake_issuer import AUDIENCE, LittleIssuer, little_issuer
from tests.integration.process_settings import service_settings
from tests.integration.service_app import resources_of, serve
from tests.integration.stores import Stores
from tests.integration.uppy_requests import MIB, begin, calls, complete, parts_of, send
from transcode.aws import Aws

MAX_BYTES = MAX_PARTS * MIN_PART_BYTES
LARGER = b"large" * 9


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, which accepts files of 10,000 parts, and as many unfinished bytes as two of them."""
    changes = {"upload_max_bytes": MAX_BYTES, "unfinished_bytes_per_caller": 2 * MAX_BYTES}
    with little_issuer() as issuer:
        settings = service_settings(stack).model_copy(
            update={**changes, "auth_issuer": issuer.url, "auth_audience": AUDIENCE}
        )
        async for client in serve(settings):
            client.headers.update(bearer_of_a_new_caller(issuer))
            yield client


def bearer_of_a_new_caller(issuer: LittleIssuer) -> dict[str, str]:
    """Return the headers of a caller who has no uploads."""
    return issuer.bearer(f"caller-{secrets.token_hex(8)}")


async def sign(api: httpx.AsyncClient, upload: dict[str, str], number: int) -> httpx.Response:
    """Request the URL of a part."""
    return await api.get(f"/s3/multipart/{upload['uploadId']}/{number}", params={"key": upload["key"]})


async def status_of_part(api: httpx.AsyncClient, upload: dict[str, str], number: int, size_bytes: int) -> int:
    """Send a part of this length to its signed URL, and return S3's status."""
    url = (await sign(api, upload, number)).json()["url"]
    async with httpx.AsyncClient() as s3:
        return (await s3.put(url, content=b"x" * size_bytes)).status_code


async def refusal(response: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of an error."""
    return response.status_code, response.json()["code"]


async def test_an_upload_of_a_thousand_bytes_stores_no_more(api: httpx.AsyncClient) -> None:
    """The attack sent parts 1, 2 and 9999 of 6 MiB; the URL of the only part accepts exactly the announced length."""
    upload = await begin(api, size=1_000)
    assert [await refusal(await sign(api, upload, number)) for number in (2, 9_999)] == [(400, "invalid_parts")] * 2
    assert await status_of_part(api, upload, 1, 6 * MIB) == 403
    assert (await parts_of(api, upload)).json() == []
    assert await status_of_part(api, upload, 1, 1_000) == 200


async def test_a_part_has_the_length_that_the_client_stated(api: httpx.AsyncClient) -> None:
    """Each part but the last has `part_size`, and the last has the rest."""
    upload = await begin(api, size=13 * MIB, part_size=6 * MIB)
    wrong = [(1, 6 * MIB + 1), (2, 5 * MIB), (3, 6 * MIB)]
    assert [await status_of_part(api, upload, *part) for part in wrong] == [403] * 3
    parts = [await send(api, upload, number, b"x" * size) for number, size in ((1, 6 * MIB), (2, 6 * MIB), (3, MIB))]
    assert (await refusal(await sign(api, upload, 4)))[0] == 400
    assert (await complete(api, upload, *parts)).status_code == 200


async def test_an_upload_of_ten_thousand_parts_is_possible(api: httpx.AsyncClient) -> None:
    """S3's limit: the last part is signed, there is no other, and the list of all parts fits into a request."""
    upload = await begin(api, size=MAX_BYTES, part_size=MIN_PART_BYTES)
    assert (await sign(api, upload, MAX_PARTS)).status_code == 200
    assert (await refusal(await sign(api, upload, MAX_PARTS + 1))) == (422, "invalid_request")
    parts = [{"PartNumber": number, "ETag": f'"{"0" * 32}"'} for number in range(1, MAX_PARTS + 1)]
    response = await complete(api, upload, *parts)
    assert len(response.request.content) < MAX_PART_LIST_BYTES
    assert await refusal(response) == (400, "invalid_parts")


async def test_an_upload_that_has_all_its_bytes_gets_no_further_part(api: httpx.AsyncClient) -> None:
    """Uppy states no lengths, so the service looks at the stored parts before it signs one, and then aborts."""
    upload = await begin(api, size=6 * MIB)
    await send(api, upload, 2, b"x" * 7 * MIB)
    assert await refusal(await sign(api, upload, 1)) == (413, "upload_too_large")
    assert (await parts_of(api, upload)).status_code == 404


async def test_a_client_without_lengths_gets_the_urls_of_the_next_parts_only(api: httpx.AsyncClient) -> None:
    """Otherwise it could collect 10,000 URLs, and send 5 GiB to each."""
    upload = await begin(api)
    assert (await sign(api, upload, MAX_MISSING_PARTS)).status_code == 200
    assert await refusal(await sign(api, upload, MAX_MISSING_PARTS + 1)) == (400, "invalid_parts")
    await send(api, upload, 1, b"x")
    assert (await sign(api, upload, MAX_MISSING_PARTS + 1)).status_code == 200
    path = f"/s3/multipart/{upload['uploadId']}/batch"
    batch = await api.get(path, params={"key": upload["key"], "partNumbers": f"1,{MAX_MISSING_PARTS + 2}"})
    assert await refusal(batch) == (400, "invalid_parts")


async def begin_another(api: httpx.AsyncClient, **metadata: object) -> httpx.Response:
    """Try to begin an upload."""
    request = {"filename": "a.mp4", "type": "video/mp4", "metadata": metadata}
    return await api.post("/s3/multipart", json=request)


async def test_a_callers_unfinished_uploads_have_limited_bytes(api: httpx.AsyncClient) -> None:
    """An upload without a size counts as the largest. An aborted and a completed one count no more, and once."""
    first, second = await begin(api), await begin(api, size=MAX_BYTES)
    over = await begin_another(api, size=1)
    assert await refusal(over) == (429, "too_many_unfinished_uploads")
    assert int(over.headers["Retry-After"]) > 0
    method, path, more = calls(first)[-1]
    assert [(await api.request(method, path, **more)).status_code for _ in range(2)] == [200, 404]
    small = await begin(api, size=5)
    assert (await complete(api, small, await send(api, small, 1, b"video"))).status_code == 200
    assert (await complete(api, small)).status_code in {409, 422}
    assert (await begin_another(api, size=MAX_BYTES)).status_code == 200
    assert (await begin_another(api, size=1)).status_code == 429
    assert (await parts_of(api, second)).status_code == 200


async def test_another_caller_has_a_limit_of_their_own(api: httpx.AsyncClient) -> None:
    """And so has each UTC day, because S3 deletes unfinished uploads after two."""
    unfinished, now_s = resources_of(api).unfinished, int(time.time())
    caller = secrets.token_hex(8)
    for name, at_s in ((caller, now_s), (f"{caller}2", now_s), (caller, now_s + 86_400)):
        key = await unfinished.reserve(name, 2 * MAX_BYTES, now_s=at_s)
        assert caller not in key
    with pytest.raises(Exception, match="unfinished uploads"):
        await unfinished.reserve(caller, 1, now_s=now_s)


async def test_a_sum_of_unfinished_bytes_is_not_a_file(api: httpx.AsyncClient) -> None:
    """The sums are in the table of files, under keys that no upload has."""
    key = await resources_of(api).unfinished.reserve("ada", 1, now_s=int(time.time()))
    response = await api.get("/jobs", params={"input_file": key})
    assert await refusal(response) == (404, "upload_not_found")
    lookups = resources_of(api).lookups
    assert await lookups.get(key, now_s=int(time.time())) is None


async def test_an_upload_that_s3_can_not_begin_counts_nothing(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage of S3 must not use up the caller's bytes."""
    bucket = resources_of(api).multipart
    monkeypatch.setattr(bucket, "bucket", "no-such-bucket")
    assert (await begin_another(api, size=MAX_BYTES)).status_code >= 500
    monkeypatch.undo()
    assert [(await begin_another(api, size=MAX_BYTES)).status_code for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("listed", [b"small", LARGER], ids=["the measured part", "the larger part"])
async def test_a_part_that_is_replaced_during_the_completion_is_refused(api: httpx.AsyncClient, listed: bytes) -> None:
    """The listed ETag must be that of the part that the service measured; S3 then compares it with what it has."""
    upload = await begin(api)
    first, _ = await send(api, upload, 1, b"x" * 5 * MIB), await send(api, upload, 2, b"small")
    url = (await sign(api, upload, 2)).json()["url"]
    client: Any = await resources_of(api).multipart._client.get()  # noqa: SLF001 -- only its events see its calls

    def replace_the_part(**_: object) -> None:
        assert httpx.put(url, content=LARGER, trust_env=False).status_code == 200

    client.meta.events.register("before-call.s3.CompleteMultipartUpload", replace_the_part)
    second = {"PartNumber": 2, "ETag": hashlib.md5(listed, usedforsecurity=False).hexdigest()}
    assert await refusal(await complete(api, upload, first, second)) == (400, "invalid_parts")
    assert (await parts_of(api, upload)).status_code == 200


async def respond(api: httpx.AsyncClient, status: int, code: str) -> None:
    """Make S3 respond to completions with this error."""
    client: Any = await resources_of(api).multipart._client.get()  # noqa: SLF001 -- only its events see its calls
    body = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    response = (SimpleNamespace(status_code=status), body)
    client.meta.events.register("before-call.s3.CompleteMultipartUpload", lambda **_: response)


async def test_a_completion_is_refused_if_the_key_has_another_object(
    api: httpx.AsyncClient, stack: Stack, aws: Aws, stores: Stores
) -> None:
    """S3 makes the object only if there is none. The upload is aborted, and the client begins another one."""
    upload = await begin(api, size=5)
    part = await send(api, upload, 1, b"video")
    s3 = await aws.s3()
    await s3.put_object(Bucket=stack.input_bucket, Key=upload["key"], Body=b"other")
    assert await refusal(await complete(api, upload, part)) == (409, "upload_conflict")
    stored = await s3.get_object(Bucket=stack.input_bucket, Key=upload["key"])
    assert await stored["Body"].read() == b"other"
    assert (await parts_of(api, upload)).status_code == 404
    assert await stores.lookups.get(upload["key"], now_s=int(time.time())) is None


async def test_a_completion_whose_response_was_lost_is_a_success(
    api: httpx.AsyncClient, stack: Stack, aws: Aws
) -> None:
    """S3 refuses the second attempt. The key's object consists of exactly these parts, so it is the caller's."""
    upload = await begin(api, size=5)
    part = await send(api, upload, 1, b"video")
    s3, at = await aws.s3(), cast("Any", {"Bucket": stack.input_bucket, "Key": upload["key"]})
    first = await s3.create_multipart_upload(**at)
    sent = await s3.upload_part(**at, UploadId=first["UploadId"], PartNumber=1, Body=b"video")
    listed: Any = {"Parts": [{"PartNumber": 1, "ETag": sent["ETag"]}]}
    await s3.complete_multipart_upload(**at, UploadId=first["UploadId"], MultipartUpload=listed)
    assert (await complete(api, upload, part)).status_code == 200
    assert await refusal(await complete(api, upload, part)) == (409, "upload_completed")


async def test_a_conflict_of_a_completion_aborts_the_upload(api: httpx.AsyncClient) -> None:
    """S3 requires a new upload, so the service deletes this one, and the caller's bytes are free."""
    upload = await begin(api, size=5)
    part = await send(api, upload, 1, b"video")
    await respond(api, 409, "ConditionalRequestConflict")
    assert await refusal(await complete(api, upload, part)) == (409, "upload_conflict")
    assert (await parts_of(api, upload)).status_code == 404
