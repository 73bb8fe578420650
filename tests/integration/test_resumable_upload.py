"""The command line's upload in parts: interrupted, changed, refused, and gone on with."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from client.api_client import ApiClient, RefusedError, api_client
from client.resumable import LEAST_PART_BYTES, ResumableUpload
from client.upload_state import UploadStates
from local.provision import Stack
from tests.fake_issuer import AUDIENCE, little_issuer
from tests.integration.process_settings import service_settings
from tests.integration.serving import Running, running
from transcode.aws import Aws

SIZE = 2 * LEAST_PART_BYTES + 1000


class InterruptedUploadError(Exception):
    """Ctrl-C, in a form that a test survives."""


@pytest.fixture
async def service(stack: Stack) -> AsyncIterator[Running]:
    """The service on a port, for files of up to 100 MB."""
    async with running(service_settings(stack).model_copy(update={"upload_max_bytes": 100_000_000})) as started:
        yield started


@pytest.fixture
async def client(service: Running) -> AsyncIterator[ApiClient]:
    """What the command line calls the API with."""
    async with service.client() as api, httpx.AsyncClient() as s3:
        yield ApiClient(api=api, s3=s3)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A file of three parts."""
    path = tmp_path / "film.mp4"
    fill(path)
    return path


def fill(video: Path) -> None:
    """Write a film of three parts, unlike any before it."""
    video.write_bytes(os.urandom(SIZE))


def is_of(video: Path, body: bytes) -> bool:
    """Whether the object is the file, byte for byte."""
    return video.read_bytes() == body


class Trip:
    """One run of the command; hears how many bytes were there at each step."""

    def __init__(self, client: ApiClient, video: Path, *, interrupted: bool = False) -> None:
        self.seen: list[int] = []
        self._interrupted = interrupted
        states = UploadStates(video.parent / "state")
        self.upload = ResumableUpload(
            client=client, api_url="http://api", video=video, states=states, uploaded=self._uploaded
        )

    def _uploaded(self, sent_bytes: int, _: int) -> None:
        self.seen.append(sent_bytes)
        if self._interrupted and sent_bytes:
            raise InterruptedUploadError


async def interrupted(client: ApiClient, video: Path) -> None:
    """Run the command until a part is there."""
    with pytest.raises(ExceptionGroup) as caught:
        await Trip(client, video, interrupted=True).upload.run()
    assert caught.group_contains(InterruptedUploadError)


async def body_of(aws: Aws, stack: Stack, input_file: str) -> bytes:
    """The object that came of it."""
    answer = await (await aws.s3()).get_object(Bucket=stack.input_bucket, Key=input_file)
    return await answer["Body"].read()


async def test_an_interrupted_upload_goes_on_where_it_stopped(
    client: ApiClient, video: Path, aws: Aws, stack: Stack
) -> None:
    """What was there is not sent again, and the object is the file, byte for byte."""
    await interrupted(client, video)
    trip = Trip(client, video)
    input_file = await trip.upload.run()
    assert trip.seen[0] >= 1000
    assert trip.seen[-1] == SIZE
    assert is_of(video, await body_of(aws, stack, input_file))
    assert list((video.parent / "state").iterdir()) == []


async def test_a_file_that_changed_is_begun_anew(client: ApiClient, video: Path, aws: Aws, stack: Stack) -> None:
    """Parts of two different files never make one object."""
    await interrupted(client, video)
    fill(video)
    trip = Trip(client, video)
    input_file = await trip.upload.run()
    assert trip.seen[0] == 0
    assert is_of(video, await body_of(aws, stack, input_file))


async def test_an_upload_that_was_thrown_away_is_begun_anew(client: ApiClient, video: Path, service: Running) -> None:
    """As S3's lifecycle rule does after two days."""
    await interrupted(client, video)
    begun = Trip(client, video).upload.states.find("http://api", video)
    assert begun is not None
    await service.resources.multipart.abort(begun.input_file, begun.upload_id)
    assert await Trip(client, video).upload.run() != begun.input_file


async def test_an_upload_that_was_completed_is_not_sent_again(client: ApiClient, video: Path) -> None:
    """The answer to the completion was lost, or the process died before it could forget."""
    await interrupted(client, video)
    trip = Trip(client, video)
    begun = trip.upload.states.find("http://api", video)
    assert begun is not None
    input_file = await trip.upload.run()
    trip.upload.states.keep("http://api", video, begun)
    again = Trip(client, video)
    assert (await again.upload.run(), again.seen) == (input_file, [])


async def test_a_file_that_is_not_accepted_is_told(client: ApiClient, tmp_path: Path) -> None:
    """The API's own words, and nothing is remembered."""
    (tmp_path / "notes.txt").write_text("just text")
    with pytest.raises(RefusedError, match="answers 415") as refused:
        await Trip(client, tmp_path / "notes.txt").upload.run()
    assert refused.value.code == "unsupported_content_type"
    assert not (tmp_path / "state").exists()


async def test_the_token_goes_to_the_api_and_not_to_s3(stack: Stack, video: Path) -> None:
    """With access on, uploads in parts and at once both work, and S3 sees its own signature only."""
    with little_issuer() as issuer:
        changes = {"auth_issuer": issuer.url, "auth_audience": AUDIENCE, "upload_max_bytes": 100_000_000}
        settings = service_settings(stack).model_copy(update=changes)
        async with running(settings) as service, api_client(service.url, token=issuer.token("ada")) as client:
            upload = await client.announce(video)
            await client.send(video, upload, lambda _sent, _whole: None)
            in_parts = await Trip(client, video).upload.run()
            owners = [await service.resources.lookups.get(key, now_s=0) for key in (upload["input_file"], in_parts)]
            assert "Authorization" not in client.s3.headers
    assert [lookup.owner for lookup in owners if lookup] == ["ada", "ada"]


async def test_what_is_remembered_is_for_its_user_only(client: ApiClient, video: Path) -> None:
    """Ids and keys, in a folder that others can't look into."""
    await interrupted(client, video)
    folder = video.parent / "state"
    (state,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, state.stat().st_mode & 0o777) == (0o700, 0o600)
