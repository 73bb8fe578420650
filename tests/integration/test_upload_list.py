"""The list of a caller's uploads, and changes of their names and labels."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import httpx
import pytest
import pytest_asyncio

from local.provision import Stack
from service.live import search_limit, upload_list
from tests.fake_issuer import AUDIENCE, LittleIssuer, little_issuer
from tests.integration.process_settings import service_settings
from tests.integration.service_app import resources_of, serve, upload_request
from tests.integration.stores import Stores
from transcode.job import Canceled, Completed, Failed, Failure, Job, JobEvent, Output, Progressed, Status
from transcode.lookup import Lookup

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one application for all tests; each test has its own caller

NOW_S = int(time.time())
ENDS: Mapping[str, JobEvent] = {
    "COMPLETE": Completed(job_id="", time_ms=9, output=Output(path="a/")),
    "ERROR": Failed(job_id="", time_ms=9, failure=Failure(code=1010, message="unreadable")),
    "CANCELED": Canceled(job_id="", time_ms=9),
    "PROGRESSING": Progressed(job_id="", time_ms=9),
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """The identity provider of the callers."""
    with little_issuer() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(stack: Stack, issuer: LittleIssuer) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API with access control."""
    changes = {"auth_issuer": issuer.url, "auth_audience": AUDIENCE, "fresh_s": 0.0}
    async for client in serve(service_settings(stack).model_copy(update=changes)):
        yield client


@pytest.fixture
def caller() -> str:
    """A caller of the test's own."""
    return f"caller-{secrets.token_hex(4)}"


@pytest.fixture
def mine(issuer: LittleIssuer, caller: str) -> dict[str, str]:
    """The headers of the caller's requests."""
    return issuer.bearer(caller)


async def announced(stores: Stores, owner: str, at_s: int, *, external_id: str | None = None) -> str:
    """Announce an upload at a time; return its key."""
    input_file = f"uploads/{secrets.token_hex(8)}/a.mp4"
    await stores.lookups.announce(Lookup(input_file=input_file, owner=owner, external_id=external_id), now_s=at_s)
    return input_file


async def with_status(stores: Stores, owner: str, at_s: int, status: str) -> str:
    """Write the rows of an upload with this status; return its key."""
    input_file, job_id = await announced(stores, owner, at_s), f"1-{secrets.token_hex(6)}"
    if status == "AWAITING_UPLOAD":
        return input_file
    await stores.lookups.queue(input_file, claimed_ms=at_s * 1000, claim_id="c", now_s=at_s)
    if status == "QUEUED":
        return input_file
    await stores.statuses.submit(Job(job_id=job_id, input_file=input_file, owner=owner), now_s=at_s)
    await stores.lookups.link(input_file, job_id, claimed_ms=at_s * 1000, now_s=at_s)
    if status in ENDS:
        event = ENDS[status]
        await stores.statuses.advance(type(event)(**{**_fields(event), "job_id": job_id}), now_s=at_s)
        if status in ("COMPLETE", "ERROR", "CANCELED"):
            await stores.lookups.end(input_file, job_id, Status(status), now_s=at_s)
    return input_file


def _fields(event: JobEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


async def page_of(api: httpx.AsyncClient, headers: Mapping[str, str], **query: object) -> tuple[list[Any], str | None]:
    """Return the jobs of a page, and the next cursor."""
    response = await api.get("/uploads", params=query, headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 200, response.text
    return response.json()["data"], response.json()["next_cursor"]


async def all_files(api: httpx.AsyncClient, headers: Mapping[str, str], **query: object) -> list[str]:
    """Return the files of all pages; fail if a page before the end is empty."""
    files: list[str] = []
    cursor: str | None = None
    while True:
        jobs, next_cursor = await page_of(api, headers, **query, **({"cursor": cursor} if cursor else {}))
        files += [job["input_file"] for job in jobs]
        if next_cursor is None:
            return files
        assert jobs
        cursor = next_cursor


async def test_the_list_has_the_callers_uploads_newest_first(
    api: httpx.AsyncClient, module_stores: Stores, caller: str, mine: Mapping[str, str], issuer: LittleIssuer
) -> None:
    """Each is the job that `GET /jobs` returns; another caller gets none of them."""
    files = [await announced(module_stores, caller, NOW_S - 10 + at) for at in range(5)]
    assert await all_files(api, mine, limit=2) == files[::-1]
    jobs, cursor = await page_of(api, mine)
    assert jobs[0] == (await api.get("/jobs", params={"input_file": files[-1]}, headers=mine)).json()
    assert cursor is None
    assert await page_of(api, issuer.bearer(f"{caller}-2")) == ([], None)


async def test_uploads_of_one_second_are_in_the_order_of_their_announcements(
    api: httpx.AsyncClient, mine: Mapping[str, str]
) -> None:
    """A page announces all files that a user chose at once."""
    announced = [await api.post("/uploads", json=upload_request(), headers=mine) for _ in range(6)]
    assert await all_files(api, mine) == [each.json()["input_file"] for each in announced][::-1]


STATUSES = ("AWAITING_UPLOAD", "QUEUED", "SUBMITTED", "PROGRESSING", "COMPLETE", "ERROR", "CANCELED")


async def test_a_filter_by_status_is_right_for_every_status(
    api: httpx.AsyncClient, module_stores: Stores, caller: str, mine: Mapping[str, str]
) -> None:
    """Also while the record of the end on the file's row is missing, as after a crash."""
    files: dict[str, list[str]] = {
        status: [await with_status(module_stores, caller, NOW_S - at, status) for at in range(2)] for status in STATUSES
    }
    late = await with_status(module_stores, caller, NOW_S - 5, "SUBMITTED")
    lookup = await module_stores.lookups.get(late, now_s=NOW_S)
    assert lookup is not None
    assert lookup.job_id is not None
    await module_stores.statuses.advance(Canceled(job_id=lookup.job_id, time_ms=9), now_s=NOW_S)
    files["CANCELED"].append(late)
    for status in STATUSES:
        assert await all_files(api, mine, status=status, limit=1) == files[status], status


async def test_other_filters_are_combined(
    api: httpx.AsyncClient, module_stores: Stores, caller: str, mine: Mapping[str, str]
) -> None:
    """An external id may be that of several uploads."""
    files = [await announced(module_stores, caller, NOW_S - 60 + at, external_id=f"order {at % 2}") for at in range(6)]
    assert await all_files(api, mine, external_id="order 1", limit=1) == [files[5], files[3], files[1]]
    after = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW_S - 60 + 2))
    assert await all_files(api, mine, created_after=after, limit=1) == files[:2:-1]
    assert await all_files(api, mine, external_id="order 1", created_after=after) == [files[5], files[3]]
    assert await all_files(api, mine, external_id="order 1", status="COMPLETE") == []


@pytest.mark.parametrize("value", ["0.5", "1763798400", "2025-11-22", "2025-11-22T08:00:00", "2025-13-01T00:00:00Z"])
async def test_a_time_without_its_form_or_zone_is_refused(
    api: httpx.AsyncClient, mine: Mapping[str, str], value: str
) -> None:
    """The list would begin at another time than the caller means."""
    refused = await api.get("/uploads", params={"created_after": value}, headers=mine)
    assert refused.status_code == 422


async def test_a_time_far_in_the_future_lists_nothing(
    api: httpx.AsyncClient, module_stores: Stores, caller: str, mine: Mapping[str, str]
) -> None:
    """Places have ten digits, and a later second has more."""
    await announced(module_stores, caller, NOW_S)
    assert await all_files(api, mine, created_after="2300-01-01T00:00:00Z") == []


async def test_a_page_before_the_end_is_never_empty(
    api: httpx.AsyncClient, module_stores: Stores, caller: str, mine: Mapping[str, str]
) -> None:
    """One match behind forty other uploads is on the first page."""
    wanted = await announced(module_stores, caller, NOW_S - 500, external_id="rare")
    await asyncio.gather(*(announced(module_stores, caller, NOW_S - at) for at in range(40)))
    jobs, cursor = await page_of(api, mine, external_id="rare", limit=1)
    assert [job["input_file"] for job in jobs] == [wanted]
    assert cursor is None


@pytest.mark.parametrize(("limits", "code"), [({"MAX_QUERIES": 1}, 422), ({"MAX_FILES": 1}, 422), ({}, 200)])
async def test_a_request_ends_with_an_error_rather_than_an_empty_page(  # noqa: PLR0913, PLR0917 -- fixtures
    api: httpx.AsyncClient,
    module_stores: Stores,
    caller: str,
    mine: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    limits: Mapping[str, int],
    code: int,
) -> None:
    """The work of one request is bounded."""
    for at in range(30):
        await with_status(module_stores, caller, NOW_S - at, "SUBMITTED")
    for name, value in limits.items():
        monkeypatch.setattr(upload_list, name, value)
    response = await api.get("/uploads", params={"status": "ERROR", "limit": 1}, headers=mine)
    assert response.status_code == code
    assert response.json().get("code") == ("filter_too_broad" if limits else None)


async def test_a_caller_whose_filters_skip_too_much_has_to_wait(
    api: httpx.AsyncClient,
    module_stores: Stores,
    caller: str,
    mine: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The response says how long. Lists without a filter go on, and so does a filter whose matches are on the page."""
    monkeypatch.setattr(search_limit, "BURST_ENTRIES", 100)
    monkeypatch.setattr(search_limit, "ENTRIES_PER_S", 0.01)
    for at in range(40):
        await announced(module_stores, caller, NOW_S - at, external_id="usual")
    usual = [await api.get("/uploads", params={"external_id": "usual", "limit": 40}, headers=mine) for _ in range(3)]
    found_none = [await api.get("/uploads", params={"external_id": "rare"}, headers=mine) for _ in range(2)]
    refused = [await api.get("/uploads", params={"external_id": "rare"}, headers=mine) for _ in range(2)]
    unfiltered = await api.get("/uploads", headers=mine)
    assert [each.status_code for each in (*usual, *found_none, unfiltered)] == [200] * 6
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(429, "too_many_searches")] * 2
    assert all(int(each.headers["Retry-After"]) >= 1 for each in refused)


async def test_a_cursor_survives_new_and_deleted_uploads(
    api: httpx.AsyncClient, module_stores: Stores, caller: str, mine: Mapping[str, str]
) -> None:
    """The next page begins after the last upload of the page before, although that one is deleted."""
    files = [await announced(module_stores, caller, NOW_S - 9 + at) for at in range(3)]
    multipart = Lookup(input_file=f"uploads/{secrets.token_hex(8)}/b.mp4", owner=caller, upload_id="u")
    await module_stores.lookups.announce(multipart, now_s=NOW_S - 5)
    jobs, cursor = await page_of(api, mine, limit=1)
    assert [job["input_file"] for job in jobs] == [multipart.input_file]
    assert await module_stores.lookups.forget(multipart)
    await announced(module_stores, caller, NOW_S)
    rest, _ = await page_of(api, mine, cursor=cursor)
    assert [job["input_file"] for job in rest] == files[::-1]


async def test_a_wrong_cursor_is_refused_by_name(
    api: httpx.AsyncClient, module_stores: Stores, caller: str, mine: Mapping[str, str], issuer: LittleIssuer
) -> None:
    """A cursor of another caller, of other filters, a changed one, and garbage."""
    for at in range(2):
        await announced(module_stores, caller, NOW_S - at)
    _, cursor = await page_of(api, mine, limit=1)
    assert cursor is not None
    requests: Sequence[tuple[dict[str, str], Mapping[str, str]]] = [
        ({"cursor": cursor}, issuer.bearer("eve")),
        ({"cursor": cursor, "status": "ERROR"}, mine),
        ({"cursor": "A" + cursor[1:]}, mine),
        ({"cursor": "é"}, mine),
        ({"cursor": ""}, mine),
    ]
    for query, headers in requests:
        refused = await api.get("/uploads", params=query, headers=headers)
        assert refused.status_code == 422, query
        assert [line["pointer"] for line in refused.json()["errors"]] == ["#/cursor"]


async def test_an_upload_whose_rows_expired_is_not_listed(
    api: httpx.AsyncClient, module_stores: Stores, caller: str, mine: Mapping[str, str]
) -> None:
    """DynamoDB deletes expired rows up to two days late."""
    await announced(module_stores, caller, NOW_S - 15 * 86_400)
    assert await page_of(api, mine) == ([], None)


async def test_without_access_control_there_is_one_caller(stack: Stack) -> None:
    """The list has the uploads of all clients."""
    async for open_api in serve(service_settings(stack)):
        files = [(await open_api.post("/uploads", json=upload_request())).json()["input_file"] for _ in range(2)]
        jobs, _ = await page_of(open_api, {}, limit=100)
        assert set(files) <= {job["input_file"] for job in jobs}


async def changed(api: httpx.AsyncClient, headers: Mapping[str, str], input_file: str, **changes: object) -> Any:  # noqa: ANN401 -- JSON
    """Change an upload; return its job."""
    response = await api.patch("/uploads", params={"input_file": input_file}, json=changes, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_caller_changes_names_and_labels_of_a_finished_job(
    api: httpx.AsyncClient, module_stores: Stores, caller: str, mine: Mapping[str, str]
) -> None:
    """Every route shows the changes; a pair with null is removed, and the others stay."""
    input_file = await with_status(module_stores, caller, NOW_S, "COMPLETE")
    await changed(api, mine, input_file, external_id="7", metadata={"a": "1", "b": "2"})
    job = await changed(api, mine, input_file, file_name="b.mp4", metadata={"a": None, "c": "ü"})
    shown = (job["file_name"], job["external_id"], job["metadata"])
    assert shown == ("b.mp4", "7", {"b": "2", "c": "ü"})
    assert (await api.get(f"/jobs/{job['job_id']}", headers=mine)).json()["metadata"] == {"b": "2", "c": "ü"}
    assert await all_files(api, mine, external_id="7") == [input_file]
    job = await changed(api, mine, input_file, file_name=None, external_id=None, metadata=None)
    assert (job["file_name"], job["external_id"], job["metadata"]) == (None, None, {})
    by_id = (await api.get(f"/jobs/{job['job_id']}", headers=mine)).json()
    assert (by_id["file_name"], by_id["external_id"], by_id["metadata"]) == (None, None, {})
    assert by_id["status"] == "COMPLETE"


async def test_no_change_is_lost_when_many_come_at_once(
    api: httpx.AsyncClient, module_stores: Stores, caller: str, mine: Mapping[str, str]
) -> None:
    """Each request adds a pair; all pairs are there at the end, in both rows."""
    input_file = await with_status(module_stores, caller, NOW_S, "PROGRESSING")
    await asyncio.gather(*(changed(api, mine, input_file, metadata={str(at): "x"}) for at in range(5)))
    lookup = await module_stores.lookups.get(input_file, now_s=NOW_S, consistent=True)
    assert lookup is not None
    assert lookup.job_id is not None
    job = await module_stores.statuses.get(lookup.job_id, now_s=NOW_S, consistent=True)
    assert job is not None
    assert set(lookup.metadata) == set(job.metadata) == {"0", "1", "2", "3", "4"}


async def test_too_much_metadata_after_a_change_is_refused_by_name(
    api: httpx.AsyncClient, module_stores: Stores, caller: str, mine: Mapping[str, str]
) -> None:
    """The limits hold for the whole, not for each request."""
    input_file = await announced(module_stores, caller, NOW_S)
    await changed(api, mine, input_file, metadata={str(at): "x" for at in range(20)})
    body = {"metadata": {"20": "x"}}
    refused = await api.patch("/uploads", params={"input_file": input_file}, json=body, headers=mine)
    assert refused.status_code == 422
    assert [(line["location"], line["pointer"]) for line in refused.json()["errors"]] == [("body", "#/metadata")]


async def test_an_upload_of_an_earlier_release_is_listed_after_a_change(
    api: httpx.AsyncClient, module_stores: Stores, stack: Stack, caller: str, mine: Mapping[str, str]
) -> None:
    """Its row has no keys of the index until then."""
    input_file = await announced(module_stores, caller, NOW_S)
    await resources_of(api).lookups._client.update_item(  # noqa: SLF001 -- as an earlier release left it
        TableName=stack.input_file_table,
        Key={"InputFile": {"S": input_file}},
        UpdateExpression="REMOVE ListedFor, ListedAt",
    )
    assert await page_of(api, mine) == ([], None)
    await changed(api, mine, input_file, external_id="7")
    assert await all_files(api, mine) == [input_file]
