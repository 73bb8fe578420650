"""The Python client sends a file once, and knows its own upload after a lost response; the network fails on purpose."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.provision import Stack
from mediaconvert_status_client import AsyncClient, api_client, attempts, file_sending
from mediaconvert_status_client.api_client import ApiClient
from mediaconvert_status_client.errors import ApiError, RefusedError, StorageError, UnreachableError
from mediaconvert_status_client.resumable_upload import ResumableUpload
from mediaconvert_status_client.unfinished_uploads import UnfinishedUploads
from tests.integration.process_settings import service_settings
from tests.integration.serving import Running, running

Fault = int | type[httpx.TransportError]


class FaultyNetwork(httpx.AsyncHTTPTransport):
    """A network whose requests meet the given faults, one each, and then succeed.

    A fault is a status in place of a handled request, or an exception: `ReadError` loses the response of
    a handled request, `ConnectError` loses the request.
    """

    def __init__(self, *faults: Fault) -> None:
        super().__init__()
        self._faults = list(faults)
        self.statuses: list[int] = []
        self.announced: list[str] = []
        """The keys that the API returned, also those of lost responses."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, or fail."""
        fault = self._faults.pop(0) if self._faults else None
        if fault is httpx.ConnectError:
            raise httpx.ConnectError("lost")
        if isinstance(fault, int):
            await request.aread()
            return httpx.Response(fault, request=request)
        response = await super().handle_async_request(request)
        self.statuses.append(response.status_code)
        if request.url.path == "/uploads":
            await response.aread()
            self.announced.append(response.json()["input_file"])
        if fault is not None:
            raise fault("lost")
        return response


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0)


@pytest.fixture
async def service(stack: Stack) -> AsyncIterator[Running]:
    """The service on a port."""
    async with running(service_settings(stack)) as started:
        yield started


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A small file."""
    path = tmp_path / "film.mp4"
    path.write_bytes(b"a video")
    return path


async def send(service: Running, video: Path, *faults: Fault) -> list[int]:
    """Announce and send the file through the network; return S3's statuses."""
    network = FaultyNetwork(*faults)
    async with service.client() as api, httpx.AsyncClient(transport=network) as s3:
        client = ApiClient(api=api, s3=s3)
        await client.send_file(video, await client.create_upload(video), lambda _sent, _whole: None)
    return network.statuses


@pytest.mark.parametrize(
    ("faults", "statuses"),
    [
        ((), [200]),
        ((httpx.ReadError,), [200, 412]),
        ((httpx.ReadError, 503, httpx.ReadError), [200, 412, 412]),
        ((409, 409), [200]),
        ((500,), [200]),
        ((httpx.ConnectError,), [200]),
    ],
    ids=["no fault", "a lost response", "several faults", "conflicts", "an error", "no connection"],
)
async def test_a_file_arrives_once(service: Running, video: Path, faults: tuple[Any, ...], statuses: list[int]) -> None:
    """S3 refuses a second object; after a lost response, the 412 is a success."""
    assert await send(service, video, *faults) == statuses


@pytest.mark.parametrize(
    "faults",
    [(httpx.ReadError,), (httpx.ConnectError,), (502, httpx.ReadError)],
    ids=["a lost response", "no connection", "a proxy's error"],
)
async def test_an_upload_is_announced_once(service: Running, video: Path, faults: tuple[Any, ...]) -> None:
    """A repeated request has the same Idempotency-Key, so the API returns the same upload."""
    network = FaultyNetwork(*faults)
    async with httpx.AsyncClient(base_url=service.url, transport=network) as api:
        upload = await ApiClient(api=api, s3=api).create_upload(video)
    assert set(network.announced) == {upload["input_file"]}


async def test_an_announcement_stops_after_several_attempts(service: Running, video: Path) -> None:
    """The last error is raised."""
    async with httpx.AsyncClient(
        base_url=service.url, transport=FaultyNetwork(*[httpx.ConnectError] * api_client.MAX_ATTEMPTS)
    ) as api:
        with pytest.raises(UnreachableError):
            await ApiClient(api=api, s3=api).create_upload(video)


async def test_an_unknown_profile_is_refused_in_either_way(service: Running, video: Path, tmp_path: Path) -> None:
    """The profile reaches the API with one request, and in parts; the error names the known profiles."""
    async with AsyncClient(service.url, cache_folder=tmp_path) as client:
        for in_parts_from_bytes in (1, 1_000):
            with pytest.raises(ApiError, match="known profiles: hls") as refused:
                await client.upload(video, profile="none", in_parts_from_bytes=in_parts_from_bytes)
            assert refused.value.code == "unknown_profile"
        assert await client.upload(video, profile="hls")


@pytest.mark.parametrize("faults", [(), (httpx.ConnectError,), (409,)], ids=["at once", "not sent", "after a conflict"])
async def test_a_412_is_an_error_if_this_client_has_not_sent_the_file(
    service: Running, video: Path, faults: tuple[Any, ...]
) -> None:
    """Another client used the URL, with content that this client doesn't know."""
    async with service.client() as api, httpx.AsyncClient() as other:
        upload = await ApiClient(api=api, s3=other).create_upload(video)
        assert (await other.put(upload["url"], headers=upload["headers"], content=b"another")).status_code == 200
        async with httpx.AsyncClient(transport=FaultyNetwork(*faults)) as s3:
            with pytest.raises(StorageError, match="responded 412") as refused:
                await ApiClient(api=api, s3=s3).send_file(video, upload, lambda _sent, _whole: None)
    assert (refused.value.code, refused.value.s3_code) == ("storage_refused", "PreconditionFailed")


async def test_a_refusal_is_not_retried(service: Running, video: Path) -> None:
    """For example an expired URL."""
    with pytest.raises(RefusedError, match="responded 403"):
        await send(service, video, 403)


async def test_a_client_stops_after_several_attempts(service: Running, video: Path) -> None:
    """The last error is raised."""
    with pytest.raises(UnreachableError):
        await send(service, video, *[httpx.ConnectError] * file_sending.MAX_ATTEMPTS)
    with pytest.raises(RefusedError, match="responded 409"):
        await send(service, video, *[409] * file_sending.MAX_ATTEMPTS)


@pytest.mark.parametrize(("conflicts", "is_sent"), [(1, True), (2, True), (3, False)])
async def test_a_conflict_at_the_end_of_an_upload_in_parts_begins_a_new_one(
    service: Running, video: Path, *, conflicts: int, is_sent: bool
) -> None:
    """S3 requires that; the number of new uploads is limited."""

    class Conflicting(httpx.AsyncHTTPTransport):
        left = conflicts

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/complete") and self.left:
                self.left -= 1
                return httpx.Response(409, json={"code": "upload_conflict", "detail": "x"}, request=request)
            return await super().handle_async_request(request)

    async with httpx.AsyncClient(base_url=service.url, transport=Conflicting()) as api, httpx.AsyncClient() as s3:
        upload = ResumableUpload(
            client=ApiClient(api=api, s3=s3),
            api_url=service.url,
            video=video,
            unfinished=UnfinishedUploads(video.parent / "state"),
            on_sent=lambda _sent, _whole: None,
        )
        if is_sent:
            stored = await service.resources.multipart.head(await upload.run())
            assert stored is not None
            assert stored.size_bytes == file_sending.size_bytes(video)
        else:
            with pytest.raises(RefusedError, match="409"):
                await upload.run()
