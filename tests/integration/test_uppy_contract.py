"""The contract under /s3 that Uppy's plugin relies on, and what it must not be talked into."""

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from local.provision import Stack
from service.resources import Resources
from tests.fake_issuer import AUDIENCE, LittleIssuer, little_issuer
from tests.integration.process_settings import service_settings
from tests.integration.service_app import serve

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one application for all: opening one costs half a second

MIB = 1024 * 1024
SMALL_LIMIT = 11 * MIB


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """The identity provider of the callers here."""
    with little_issuer() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened_api(stack: Stack, issuer: LittleIssuer) -> AsyncIterator[httpx.AsyncClient]:
    """The API; it takes files of up to 11 MiB."""
    changes = {"auth_issuer": issuer.url, "auth_audience": AUDIENCE, "upload_max_bytes": SMALL_LIMIT}
    async for client in serve(service_settings(stack).model_copy(update=changes)):
        yield client


@pytest.fixture
def api(opened_api: httpx.AsyncClient, issuer: LittleIssuer) -> httpx.AsyncClient:
    """The API as Ada calls it."""
    opened_api.headers.update(issuer.bearer("ada"))
    return opened_api


def opened(api: httpx.AsyncClient) -> Resources:
    """What the API's routes stand on."""
    resources: Resources = api._transport.app.state.resources  # type: ignore[attr-defined]  # noqa: SLF001 -- to look
    return resources


async def begin(api: httpx.AsyncClient, **metadata: object) -> dict[str, str]:
    """Begin an upload in parts."""
    wish = {"filename": "Ein Film.mp4", "type": "video/mp4", "metadata": metadata}
    answer = await api.post("/s3/multipart", json=wish)
    assert answer.status_code == 200, answer.text
    begun: dict[str, str] = answer.json()
    return begun


async def send(api: httpx.AsyncClient, begun: dict[str, str], number: int, body: bytes) -> dict[str, Any]:
    """Send one part, and give it as the completion lists it."""
    signed = await api.get(f"/s3/multipart/{begun['uploadId']}/{number}", params={"key": begun["key"]})
    assert signed.status_code == 200, signed.text
    async with httpx.AsyncClient() as s3:
        answer = await s3.put(signed.json()["url"], content=body)
    assert answer.status_code == 200, answer.text
    return {"PartNumber": number, "ETag": answer.headers["ETag"].strip('"')}


async def complete(api: httpx.AsyncClient, begun: dict[str, str], *parts: dict[str, Any]) -> httpx.Response:
    """Ask for the file to be made of the parts."""
    path = f"/s3/multipart/{begun['uploadId']}/complete"
    return await api.post(path, params={"key": begun["key"]}, json={"parts": parts})


async def parts_of(api: httpx.AsyncClient, begun: dict[str, str]) -> httpx.Response:
    """Ask which parts are there."""
    return await api.get(f"/s3/multipart/{begun['uploadId']}", params={"key": begun["key"]})


async def test_a_file_in_parts_becomes_one_object(api: httpx.AsyncClient) -> None:
    """Begun, listed, signed, completed: and awaited under the name and owner that it was begun with."""
    begun = await begin(api)
    second = await send(api, begun, 2, b"end")
    first = await send(api, begun, 1, b"x" * 5 * MIB)
    listed = (await parts_of(api, begun)).json()
    done = await complete(api, begun, second, first)
    lookup = await opened(api).lookups.get(begun["key"], now_s=int(time.time()))
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, 5 * MIB), (2, 3)]
    assert (done.status_code, done.json()["key"]) == (200, begun["key"])
    assert done.json()["location"].endswith(begun["key"])
    assert lookup is not None
    assert (lookup.file_name, lookup.owner, lookup.is_uploaded) == ("Ein Film.mp4", "ada", True)


async def test_several_parts_are_signed_at_once(api: httpx.AsyncClient) -> None:
    """By number; each address takes its part."""
    begun = await begin(api)
    path = f"/s3/multipart/{begun['uploadId']}/batch"
    signed = (await api.get(path, params={"key": begun["key"], "partNumbers": "3,1"})).json()["presignedUrls"]
    async with httpx.AsyncClient() as s3:
        assert (await s3.put(signed["3"], content=b"three")).status_code == 200
    assert set(signed) == {"1", "3"}
    assert [part["PartNumber"] for part in (await parts_of(api, begun)).json()] == [3]


@pytest.mark.parametrize("path", ["0", "10001", "x", "batch?partNumbers=0", "batch?partNumbers=1,10001", "batch"])
async def test_a_part_number_out_of_range_is_refused(api: httpx.AsyncClient, path: str) -> None:
    """S3 has 1 to 10,000; the field is named, and Uppy has its message."""
    begun = await begin(api)
    path += f"{'&' if '?' in path else '?'}key={begun['key']}"
    answer = await api.get(f"/s3/multipart/{begun['uploadId']}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert set(answer.json()) == {"detail", "code", "error", "message", "requestId"}
    assert "number" in answer.json()["message"].lower()


def calls(begun: dict[str, str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Everything that can be asked about an upload in parts."""
    path, key = f"/s3/multipart/{begun['uploadId']}", {"key": begun["key"]}
    return [
        ("GET", path, {"params": key}),
        ("GET", f"{path}/1", {"params": key}),
        ("GET", f"{path}/batch", {"params": {**key, "partNumbers": "1"}}),
        ("POST", f"{path}/complete", {"params": key, "json": {"parts": [{"PartNumber": 1, "ETag": "a"}]}}),
        ("DELETE", path, {"params": key}),
    ]


async def answers(api: httpx.AsyncClient, begun: dict[str, str]) -> set[tuple[int, str]]:
    """Status and code of everything that can be asked."""
    said = [await api.request(method, path, **more) for method, path, more in calls(begun)]
    return {(answer.status_code, answer.json()["code"]) for answer in said}


async def test_anothers_upload_is_not_there(api: httpx.AsyncClient, issuer: LittleIssuer) -> None:
    """With its right key and id; and it is untouched afterwards."""
    begun = await begin(api)
    await send(api, begun, 1, b"mine")
    api.headers.update(issuer.bearer("eve"))
    assert await answers(api, begun) == {(404, "upload_not_found")}
    api.headers.update(issuer.bearer("ada"))
    assert len((await parts_of(api, begun)).json()) == 1


async def test_key_and_id_must_belong_together(api: httpx.AsyncClient) -> None:
    """Neither another upload's id, nor an invented one, nor a key of no upload opens anything."""
    begun, other = await begin(api), await begin(api)
    crossed = [
        {**begun, "uploadId": other["uploadId"]},
        {**begun, "uploadId": secrets.token_hex(8)},
        {**begun, "uploadId": "%C3%A9"},
        {**begun, "key": f"uploads/{secrets.token_hex(4)}/a.mp4"},
    ]
    for pair in crossed:
        assert await answers(api, pair) == {(404, "upload_not_found")}


async def test_without_a_token_nothing_is_answered(api: httpx.AsyncClient) -> None:
    """Each of them wants to know who calls."""
    begun = await begin(api)
    del api.headers["Authorization"]
    assert await answers(api, begun) == {(401, "missing_token")}
    assert (await api.get("/s3/params?filename=a.mp4&type=video/mp4")).status_code == 401


async def test_a_completed_upload_can_not_be_changed(api: httpx.AsyncClient) -> None:
    """Neither parts nor an end of it: 409."""
    begun = await begin(api)
    assert (await complete(api, begun, await send(api, begun, 1, b"all"))).status_code == 200
    assert await answers(api, begun) == {(409, "upload_completed")}


async def test_an_upload_completed_behind_our_back_is_complete(api: httpx.AsyncClient) -> None:
    """The process died between S3's answer and the row: S3 knows."""
    begun = await begin(api)
    part = await send(api, begun, 1, b"all")
    await opened(api).multipart.complete(begun["key"], begun["uploadId"], {1: part["ETag"]})
    assert (await parts_of(api, begun)).status_code == 409
    assert (await complete(api, begun, part)).status_code == 409
    method, path, more = calls(begun)[-1]
    assert (await api.request(method, path, **more)).status_code == 409


async def test_an_aborted_upload_is_forgotten(api: httpx.AsyncClient) -> None:
    """The upload and its key: 404 from then on."""
    begun = await begin(api)
    await send(api, begun, 1, b"some")
    method, path, more = calls(begun)[-1]
    assert (await api.request(method, path, **more)).json() == {}
    assert await answers(api, begun) == {(404, "upload_not_found")}
    assert (await api.get("/jobs", params={"input_file": begun["key"]})).status_code == 404


async def test_parts_that_are_too_much_together_are_thrown_away(api: httpx.AsyncClient) -> None:
    """No signature of a part binds a length: the sum is looked at before the file is made."""
    begun = await begin(api)
    parts = [await send(api, begun, number, b"x" * 6 * MIB) for number in (1, 2)]
    answer = await complete(api, begun, *parts)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert (await parts_of(api, begun)).status_code == 404


async def test_an_announced_length_is_held_to(api: httpx.AsyncClient) -> None:
    """Too little waits for the rest, too much is thrown away."""
    begun = await begin(api, size=6)
    short = await complete(api, begun, await send(api, begun, 1, b"12345"))
    long = await complete(api, begun, await send(api, begun, 1, b"1234567"))
    assert (short.status_code, short.json()["code"]) == (409, "upload_incomplete")
    assert (long.status_code, long.json()["code"]) == (413, "upload_too_large")


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"type": "text/html"}, 415),
        ({"metadata": {"size": SMALL_LIMIT + 1}}, 413),
        ({"filename": ""}, 422),
        ({"type": None}, 422),
        ({"metadata": "none"}, 422),
    ],
)
async def test_what_is_not_accepted_is_not_begun(api: httpx.AsyncClient, wish: dict[str, Any], status: int) -> None:
    """The same limits as of a single upload."""
    answer = await api.post("/s3/multipart", json={"filename": "a.mp4", "type": "video/mp4", **wish})
    assert answer.status_code == status


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
async def test_a_list_of_parts_that_makes_no_sense_is_refused(api: httpx.AsyncClient, parts: list[Any]) -> None:
    """Before S3 is asked."""
    assert (await complete(api, await begin(api), *parts)).status_code == 422


async def test_parts_that_s3_does_not_have_are_told(api: httpx.AsyncClient) -> None:
    """S3's refusal in our words; the upload can still be completed."""
    begun = await begin(api)
    part = await send(api, begun, 1, b"all")
    for wrong in ([{**part, "ETag": "0" * 32}], [part, {"PartNumber": 2, "ETag": "0" * 32}], [part, part]):
        answer = await complete(api, begun, *wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parts"), answer.text
    assert (await complete(api, begun, part)).status_code == 200


async def post(form: dict[str, Any], body: bytes, **fields: str) -> int:
    """Send the form as a browser does, and return S3's status."""
    async with httpx.AsyncClient() as s3:
        answer = await s3.post(form["url"], data={**form["fields"], **fields}, files={"file": ("a.mp4", body)})
    return answer.status_code


async def test_a_form_brings_a_file(api: httpx.AsyncClient) -> None:
    """Under the key in its fields, which is awaited."""
    answer = await api.get("/s3/params", params={"filename": "Ein Film.mp4", "type": "video/mp4", "metadata[x]": "y"})
    form = answer.json()
    lookup = await opened(api).lookups.get(form["fields"]["key"], now_s=int(time.time()))
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
async def test_a_form_brings_nothing_else(
    api: httpx.AsyncClient, size: str, body: bytes, fields: dict[str, str]
) -> None:
    """Key, type and length are bound by its policy."""
    wish = {"filename": "a.mp4", "type": "video/mp4", "metadata[size]": size}
    form = (await api.get("/s3/params", params=wish)).json()
    assert 400 <= await post(form, body, **fields) < 500
