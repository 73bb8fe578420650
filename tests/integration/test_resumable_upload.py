"""The command line's multipart upload: interrupted, changed, refused, resumed."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from local.provision import Stack
from mediaconvert_status_client.api_client import ApiClient, api_client
from mediaconvert_status_client.errors import RefusedError
from mediaconvert_status_client.resumable_upload import MIN_PART_BYTES, ResumableUpload
from mediaconvert_status_client.unfinished_uploads import UnfinishedUploads
from tests.fake_issuer import AUDIENCE, little_issuer
from tests.integration.process_settings import service_settings
from tests.integration.serving import Running, running
from tests.integration.stores import Stores
from transcode.aws import Aws

SIZE = 2 * MIN_PART_BYTES + 1000


class InterruptedUploadError(Exception):
    """Takes the place of KeyboardInterrupt, which would end the test run."""


@pytest.fixture
async def service(stack: Stack) -> AsyncIterator[Running]:
    """The service on a port, for files of up to 100 MB."""
    async with running(service_settings(stack).model_copy(update={"upload_max_bytes": 100_000_000})) as started:
        yield started


@pytest.fixture
async def client(service: Running) -> AsyncIterator[ApiClient]:
    """The command line's client of the API."""
    async with service.client() as api, httpx.AsyncClient() as s3:
        yield ApiClient(api=api, s3=s3)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A file of three parts."""
    path = tmp_path / "film.mp4"
    write_random_parts(path)
    return path


def write_random_parts(video: Path) -> None:
    """Write three parts of random bytes."""
    video.write_bytes(os.urandom(SIZE))


def has_content_of(video: Path, body: bytes) -> bool:
    """Return whether the object's body is the file's content."""
    return video.read_bytes() == body


class Run:
    """One run of the command; it records the number of uploaded bytes at each step."""

    def __init__(
        self, client: ApiClient, video: Path, *, interrupted: bool = False, profile: str | None = None
    ) -> None:
        self.seen: list[int] = []
        self._interrupted = interrupted
        unfinished = UnfinishedUploads(video.parent / "state")
        self.upload = ResumableUpload(
            client=client,
            api_url="http://api",
            video=video,
            unfinished=unfinished,
            on_sent=self._uploaded,
            own={} if profile is None else {"profile": profile},
        )

    def _uploaded(self, sent_bytes: int, _: int) -> None:
        self.seen.append(sent_bytes)
        if self._interrupted and sent_bytes:
            raise InterruptedUploadError


async def interrupted(client: ApiClient, video: Path) -> None:
    """Run the command until the first part is uploaded."""
    with pytest.raises(ExceptionGroup) as caught:
        await Run(client, video, interrupted=True).upload.run()
    assert caught.group_contains(InterruptedUploadError)


async def body_of(aws: Aws, stack: Stack, input_file: str) -> bytes:
    """Return the body of the uploaded object."""
    response = await (await aws.s3()).get_object(Bucket=stack.input_bucket, Key=input_file)
    return await response["Body"].read()


async def test_an_interrupted_upload_is_resumed(client: ApiClient, video: Path, aws: Aws, stack: Stack) -> None:
    """It doesn't send the uploaded part again, and the object is the file, byte for byte."""
    await interrupted(client, video)
    run = Run(client, video)
    input_file = await run.upload.run()
    assert run.seen[0] >= 1000
    assert run.seen[-1] == SIZE
    assert has_content_of(video, await body_of(aws, stack, input_file))
    assert list((video.parent / "state").iterdir()) == []


async def test_a_changed_file_is_uploaded_from_the_start(
    client: ApiClient, video: Path, aws: Aws, stack: Stack
) -> None:
    """Parts of two different files never become one object."""
    await interrupted(client, video)
    write_random_parts(video)
    run = Run(client, video)
    input_file = await run.upload.run()
    assert run.seen[0] == 0
    assert has_content_of(video, await body_of(aws, stack, input_file))


async def test_an_unfinished_upload_for_another_profile_is_not_continued(client: ApiClient, video: Path) -> None:
    """S3's upload keeps the profile with which it began."""
    await interrupted(client, video)
    other = Run(client, video, profile="hls")
    await other.upload.run()
    assert other.seen[0] == 0


async def test_an_aborted_upload_is_started_again(client: ApiClient, video: Path, service: Running) -> None:
    """S3's lifecycle rule aborts uploads after two days."""
    await interrupted(client, video)
    saved = Run(client, video).upload.unfinished.find("http://api", video)
    assert saved is not None
    await service.resources.multipart.abort(saved.input_file, saved.upload_id)
    assert await Run(client, video).upload.run() != saved.input_file


async def test_a_completed_upload_is_not_sent_again(client: ApiClient, video: Path) -> None:
    """The response to the completion was lost, or the process died before it deleted its state."""
    await interrupted(client, video)
    run = Run(client, video)
    saved = run.upload.unfinished.find("http://api", video)
    assert saved is not None
    input_file = await run.upload.run()
    run.upload.unfinished.save("http://api", video, saved)
    again = Run(client, video)
    assert (await again.upload.run(), again.seen) == (input_file, [])


async def test_a_refused_file_has_an_error(client: ApiClient, tmp_path: Path) -> None:
    """The error has the API's message, and no state is saved."""
    (tmp_path / "notes.txt").write_text("just text")
    with pytest.raises(RefusedError, match="responded 415") as refused:
        await Run(client, tmp_path / "notes.txt").upload.run()
    assert refused.value.code == "unsupported_content_type"
    assert not (tmp_path / "state").exists()


async def test_the_token_goes_to_the_api_and_not_to_s3(stack: Stack, stores: Stores, video: Path) -> None:
    """With access on, multipart and single uploads work, and S3 gets only its own signature."""
    with little_issuer() as issuer:
        changes = {"auth_issuer": issuer.url, "auth_audience": AUDIENCE, "upload_max_bytes": 100_000_000}
        settings = service_settings(stack).model_copy(update=changes)
        async with running(settings) as service, api_client(service.url, token=issuer.token("ada")) as client:
            upload = await client.create_upload(video)
            await client.send_file(video, upload, lambda _sent, _whole: None)
            in_parts = await Run(client, video).upload.run()
            owners = [await stores.lookups.get(key, now_s=0) for key in (upload["input_file"], in_parts)]
            assert "Authorization" not in client.s3.headers
    assert [lookup.owner for lookup in owners if lookup] == ["ada", "ada"]


async def test_saved_state_is_private_to_its_user(client: ApiClient, video: Path) -> None:
    """The state has ids and keys, in a folder that other users can't read."""
    await interrupted(client, video)
    folder = video.parent / "state"
    (state,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, state.stat().st_mode & 0o777) == (0o700, 0o600)
