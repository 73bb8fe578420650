"""The routes below /s3 that Uppy's plugin relies on, and the requests that they must refuse."""

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from local.provision import Stack
from tests.fake_issuer import AUDIENCE, LittleIssuer, little_issuer
from tests.integration.process_settings import service_settings
from tests.integration.service_app import resources_of, serve
from tests.integration.stores import Stores
from tests.integration.uppy_requests import MIB, begin, calls, complete, parts_of, send

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one application for all tests, because they need no other state

SMALL_LIMIT = 11 * MIB


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """The identity provider of the callers."""
    with little_issuer() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened_api(stack: Stack, issuer: LittleIssuer) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, which accepts files of up to 11 MiB; it sends no token."""
    changes = {"auth_issuer": issuer.url, "auth_audience": AUDIENCE, "upload_max_bytes": SMALL_LIMIT}
    async for client in serve(service_settings(stack).model_copy(update=changes)):
        yield client


@pytest.fixture
def api(opened_api: httpx.AsyncClient, issuer: LittleIssuer) -> httpx.AsyncClient:
    """A client of the API with the token of the caller ada."""
    opened_api.headers.update(issuer.bearer("ada"))
    return opened_api


async def test_a_file_in_parts_becomes_one_object(api: httpx.AsyncClient, module_stores: Stores) -> None:
    """Started, listed, signed, completed; the job has the file name and owner of the start."""
    upload = await begin(api)
    second = await send(api, upload, 2, b"end")
    first = await send(api, upload, 1, b"x" * 5 * MIB)
    listed = (await parts_of(api, upload)).json()
    done = await complete(api, upload, second, first)
    lookup = await module_stores.lookups.get(upload["key"], now_s=int(time.time()))
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, 5 * MIB), (2, 3)]
    assert (done.status_code, done.json()["key"]) == (200, upload["key"])
    assert done.json()["location"].endswith(upload["key"])
    assert lookup is not None
    assert (lookup.file_name, lookup.owner, lookup.is_uploaded) == ("Ein Film.mp4", "ada", True)


async def test_several_parts_are_signed_at_once(api: httpx.AsyncClient) -> None:
    """By part number; each URL accepts its part."""
    upload = await begin(api)
    path = f"/s3/multipart/{upload['uploadId']}/batch"
    signed = (await api.get(path, params={"key": upload["key"], "partNumbers": "3,1"})).json()["presignedUrls"]
    async with httpx.AsyncClient() as s3:
        assert (await s3.put(signed["3"], content=b"three")).status_code == 200
    assert set(signed) == {"1", "3"}
    assert [part["PartNumber"] for part in (await parts_of(api, upload)).json()] == [3]


@pytest.mark.parametrize("path", ["0", "10001", "x", "batch?partNumbers=0", "batch?partNumbers=1,10001", "batch"])
async def test_a_part_number_out_of_range_is_refused(api: httpx.AsyncClient, path: str) -> None:
    """S3 has 1 to 10,000; the error names the field, in the form that Uppy shows."""
    upload = await begin(api)
    path += f"{'&' if '?' in path else '?'}key={upload['key']}"
    response = await api.get(f"/s3/multipart/{upload['uploadId']}/{path}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert {"error", "message", "requestId"} < set(response.json())
    assert "number" in response.json()["message"].lower()


async def responses_to_every_request(api: httpx.AsyncClient, upload: dict[str, str]) -> set[tuple[int, str]]:
    """Send every request; return the statuses and codes of the responses."""
    responses = [await api.request(method, path, **more) for method, path, more in calls(upload)]
    return {(response.status_code, response.json()["code"]) for response in responses}


async def test_an_upload_of_another_caller_is_a_404(api: httpx.AsyncClient, issuer: LittleIssuer) -> None:
    """With the right key and id, they get 404, and the upload is unchanged."""
    upload = await begin(api)
    await send(api, upload, 1, b"mine")
    api.headers.update(issuer.bearer("eve"))
    assert await responses_to_every_request(api, upload) == {(404, "upload_not_found")}
    api.headers.update(issuer.bearer("ada"))
    assert len((await parts_of(api, upload)).json()) == 1


async def test_key_and_id_must_belong_together(api: httpx.AsyncClient) -> None:
    """The id of another upload, an invented id, and the key of no upload are 404."""
    upload, other = await begin(api), await begin(api)
    crossed = [
        {**upload, "uploadId": other["uploadId"]},
        {**upload, "uploadId": secrets.token_hex(8)},
        {**upload, "uploadId": "%C3%A9"},
        {**upload, "key": f"uploads/{secrets.token_hex(4)}/a.mp4"},
    ]
    for pair in crossed:
        assert await responses_to_every_request(api, pair) == {(404, "upload_not_found")}


async def test_every_route_requires_a_token(api: httpx.AsyncClient) -> None:
    """Every route requires a token."""
    upload = await begin(api)
    del api.headers["Authorization"]
    assert await responses_to_every_request(api, upload) == {(401, "missing_token")}
    assert (await api.get("/s3/params?filename=a.mp4&type=video/mp4")).status_code == 401


async def test_a_completed_upload_can_not_be_changed(api: httpx.AsyncClient) -> None:
    """Sending parts, completing and aborting are a 409."""
    upload = await begin(api)
    assert (await complete(api, upload, await send(api, upload, 1, b"all"))).status_code == 200
    assert await responses_to_every_request(api, upload) == {(409, "upload_completed")}


async def test_an_upload_that_only_s3_knows_to_be_complete_is_complete(api: httpx.AsyncClient) -> None:
    """The process died between S3's response and the write of the row: the service looks in S3."""
    upload = await begin(api)
    part = await send(api, upload, 1, b"all")
    await resources_of(api).multipart.complete(upload["key"], upload["uploadId"], {1: part["ETag"]})
    assert (await parts_of(api, upload)).status_code == 409
    assert (await complete(api, upload, part)).status_code == 409
    method, path, more = calls(upload)[-1]
    assert (await api.request(method, path, **more)).status_code == 409


async def test_an_aborted_upload_is_deleted(api: httpx.AsyncClient) -> None:
    """The upload and its key are a 404 afterwards."""
    upload = await begin(api)
    await send(api, upload, 1, b"some")
    method, path, more = calls(upload)[-1]
    assert (await api.request(method, path, **more)).json() == {}
    assert await responses_to_every_request(api, upload) == {(404, "upload_not_found")}
    assert (await api.get("/jobs", params={"input_file": upload["key"]})).status_code == 404


async def test_parts_that_are_too_large_together_are_deleted(api: httpx.AsyncClient) -> None:
    """A part's signature doesn't bind its length, so the service checks the sum before it completes the upload."""
    upload = await begin(api)
    parts = [await send(api, upload, number, b"x" * 6 * MIB) for number in (1, 2)]
    response = await complete(api, upload, *parts)
    assert (response.status_code, response.json()["code"]) == (413, "upload_too_large")
    assert (await parts_of(api, upload)).status_code == 404


async def test_an_announced_length_is_enforced(api: httpx.AsyncClient) -> None:
    """A shorter upload waits for the rest, a longer one is aborted."""
    upload = await begin(api, size=6 * MIB)
    short = await complete(api, upload, await send(api, upload, 1, b"x" * (6 * MIB - 1)))
    long = await complete(api, upload, await send(api, upload, 1, b"x" * (6 * MIB + 1)))
    assert (short.status_code, short.json()["code"]) == (409, "upload_incomplete")
    assert (long.status_code, long.json()["code"]) == (413, "upload_too_large")


@pytest.mark.parametrize(
    ("upload_request", "status"),
    [
        ({"type": "text/html"}, 415),
        ({"metadata": {"size": SMALL_LIMIT + 1}}, 413),
        ({"filename": ""}, 422),
        ({"type": None}, 422),
        ({"metadata": "none"}, 422),
    ],
)
async def test_a_refused_upload_is_not_started(
    api: httpx.AsyncClient, upload_request: dict[str, Any], status: int
) -> None:
    """The limits are those of a single upload."""
    response = await api.post("/s3/multipart", json={"filename": "a.mp4", "type": "video/mp4", **upload_request})
    assert response.status_code == status


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [{"PartNumber": 0, "ETag": "a"}],
        [{"PartNumber": 1}],
        [{"PartNumber": 1, "ETag": "a\r\nb"}],
        [{"PartNumber": 1, "ETag": "a"}] * 10_001,
    ],
    ids=["none", "number 0", "no tag", "a tag of two lines", "too many"],
)
async def test_an_invalid_list_of_parts_is_refused(api: httpx.AsyncClient, parts: list[Any]) -> None:
    """Before any request to S3."""
    assert (await complete(api, await begin(api), *parts)).status_code == 422


async def test_a_part_that_was_replaced_is_not_completed(api: httpx.AsyncClient) -> None:
    """The listed ETag is that of the part that the service measured; a larger part sent meanwhile has another one."""
    upload = await begin(api)
    parts = [await send(api, upload, 1, b"x" * 5 * MIB), await send(api, upload, 2, b"small")]
    await send(api, upload, 2, b"large" * 9)
    response = await complete(api, upload, *parts)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_parts")
    assert (await parts_of(api, upload)).status_code == 200


@pytest.mark.parametrize(("size", "largest"), [(1_000, 1), (5 * MIB, 1), (5 * MIB + 1, 2), (None, 3)])
async def test_no_part_number_is_signed_that_the_upload_can_not_need(
    api: httpx.AsyncClient, size: int | None, largest: int
) -> None:
    """S3 stores every part that is sent, and charges for it until the upload ends."""
    upload = await begin(api, **({"size": size} if size else {}))
    path = f"/s3/multipart/{upload['uploadId']}"
    for url in (f"{path}/{largest + 1}", f"{path}/batch?partNumbers=1,{largest + 1}"):
        response = await api.get(url, params=httpx.QueryParams(httpx.URL(url).query).merge({"key": upload["key"]}))
        assert (response.status_code, response.json()["code"]) == (400, "invalid_parts")
    assert (await api.get(f"{path}/{largest}", params={"key": upload["key"]})).status_code == 200


async def test_missing_parts_are_an_error(api: httpx.AsyncClient) -> None:
    """The service translates S3's refusal; the upload can still be completed."""
    upload = await begin(api)
    part = await send(api, upload, 1, b"all")
    for wrong in ([{**part, "ETag": "0" * 32}], [part, {"PartNumber": 2, "ETag": "0" * 32}], [part, part]):
        response = await complete(api, upload, *wrong)
        assert (response.status_code, response.json()["code"]) == (400, "invalid_parts"), response.text
    assert (await complete(api, upload, part)).status_code == 200


async def post(form: dict[str, Any], body: bytes, **fields: str) -> int:
    """Send the form as a browser does, and return S3's status."""
    async with httpx.AsyncClient() as s3:
        response = await s3.post(form["url"], data={**form["fields"], **fields}, files={"file": ("a.mp4", body)})
    return response.status_code


async def test_a_form_uploads_a_file(api: httpx.AsyncClient, module_stores: Stores) -> None:
    """Under the key in its fields, which the service has announced."""
    response = await api.get("/s3/params", params={"filename": "Ein Film.mp4", "type": "video/mp4", "metadata[x]": "y"})
    form = response.json()
    lookup = await module_stores.lookups.get(form["fields"]["key"], now_s=int(time.time()))
    assert await post(form, b"video") == 201
    assert lookup is not None
    assert (lookup.file_name, lookup.owner) == ("Ein Film.mp4", "ada")
    assert (form["method"], form["url"][-1]) == ("POST", "/")


@pytest.mark.parametrize(
    ("size", "body", "fields"),
    [
        ("", b"x" * (SMALL_LIMIT + 1), {}),
        ("", b"", {}),
        ("5", b"longer", {}),
        ("5", b"no", {}),
        ("", b"video", {"key": "uploads/other.mp4"}),
        ("", b"video", {"Content-Type": "text/html"}),
    ],
    ids=["too large", "empty", "longer", "shorter", "another key", "another type"],
)
async def test_a_form_accepts_nothing_else(
    api: httpx.AsyncClient, size: str, body: bytes, fields: dict[str, str]
) -> None:
    """The form's policy binds key, type and length."""
    upload_request = {"filename": "a.mp4", "type": "video/mp4", "metadata[size]": size}
    form = (await api.get("/s3/params", params=upload_request)).json()
    assert 400 <= await post(form, body, **fields) < 500
