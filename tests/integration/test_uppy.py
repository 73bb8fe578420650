"""@uppy/core and @uppy/aws-s3 from npm, with the running API and access on."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.embedded_aws import ROOT
from local.provision import Stack
from tests.fake_issuer import AUDIENCE, LittleIssuer, little_issuer
from tests.integration.node_packages import installed
from tests.integration.process_settings import service_settings
from tests.integration.serving import Running, running
from tests.integration.stores import Stores

SOURCE = ROOT / "tests" / "uppy"
MIB = 1024 * 1024
SIZE = 6 * MIB
"""Two parts, the first of which has S3's minimum size."""


@pytest.fixture(scope="session")
def uppy() -> Path:
    """A folder with the script and its packages."""
    return installed(SOURCE, why="the real Uppy can't be tried")


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """The identity provider of the callers."""
    with little_issuer() as opened:
        yield opened


@pytest.fixture
async def service(stack: Stack, issuer: LittleIssuer) -> AsyncIterator[Running]:
    """The service on a port, for callers with a token."""
    changes = {"auth_issuer": issuer.url, "auth_audience": AUDIENCE, "upload_max_bytes": 100 * MIB}
    async with running(service_settings(stack).model_copy(update=changes)) as started:
        yield started


class Page:
    """A page with Uppy."""

    def __init__(self, folder: Path, service: Running, token: str | None) -> None:
        self._folder = folder
        self._options = {"companion": service.url, "token": token, "type": "video/mp4", "name": "Mein Film.mp4"}
        self.service = service

    async def upload(self, **options: object) -> dict[str, Any]:
        """Upload a file, and return the result."""
        process = await asyncio.create_subprocess_exec(
            "node",
            "upload.mjs",
            json.dumps({**self._options, "sizeBytes": SIZE, "inParts": True, **options}),
            cwd=self._folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            result, stderr = await process.communicate()
        assert process.returncode == 0, stderr.decode()
        parsed: dict[str, Any] = json.loads(result)
        return parsed

    async def stored(self, stores: Stores, input_file: str) -> tuple[str | None, int | None]:
        """Return the owner of the upload, and the length of its object."""
        lookup = await stores.lookups.get(input_file, now_s=int(time.time()))
        stored_object = await self.service.resources.multipart.head(input_file)
        return lookup.owner if lookup else None, stored_object.size_bytes if stored_object else None


@pytest.fixture
def page(uppy: Path, service: Running, issuer: LittleIssuer) -> Page:
    """A page of the caller ada."""
    return Page(uppy, service, issuer.token("ada"))


async def test_uppy_uploads_a_small_file_with_one_request(page: Page, stores: Stores) -> None:
    """By form, to a key from the service; the page gets the key."""
    result = await page.upload(inParts=False, sizeBytes=1000)
    assert result["ended"] == "uploaded", result
    assert await page.stored(stores, result["key"]) == ("ada", 1000)


async def test_uppy_uploads_a_large_file_in_parts(page: Page, stores: Stores) -> None:
    """Two parts become one object."""
    result = await page.upload()
    assert (result["ended"], result["partsSent"]) == ("uploaded", 2), result
    assert await page.stored(stores, result["key"]) == ("ada", SIZE)


async def test_uppy_resumes_the_upload_of_a_closed_page(page: Page, stores: Stores) -> None:
    """The uploaded part is not sent again."""
    before = await page.upload(afterOnePart="die")
    result = await page.upload(resume=before["s3Multipart"])
    assert (before["ended"], before["partsSent"]) == ("died", 1)
    assert (result["ended"], result["partsSent"], result["key"]) == ("uploaded", 1, before["s3Multipart"]["key"]), (
        result
    )
    assert await page.stored(stores, result["key"]) == ("ada", SIZE)


async def test_uppy_aborts_a_canceled_upload(page: Page, issuer: LittleIssuer) -> None:
    """The service deletes the parts and the upload's row."""
    result = await page.upload(afterOnePart="cancel")
    upload = result["s3Multipart"]
    async with page.service.client() as api:
        parts = await api.get(
            f"/s3/multipart/{upload['uploadId']}", params={"key": upload["key"]}, headers=issuer.bearer("ada")
        )
    assert (result["ended"], result["status"]) == ("canceled", 200)
    assert parts.status_code == 404


@pytest.mark.parametrize("in_parts", [False, True])
async def test_uppy_shows_the_error_of_a_refused_upload(uppy: Path, service: Running, in_parts: bool) -> None:  # noqa: FBT001
    """Without a token no upload starts, and the page gets an error."""
    result = await Page(uppy, service, None).upload(inParts=in_parts)
    assert result["ended"] == "failed"
    assert "Unauthorized" in result["error"]


async def test_another_caller_can_not_resume_an_upload(page: Page, uppy: Path, issuer: LittleIssuer) -> None:
    """The key and id of another caller's upload give no access."""
    before = await page.upload(afterOnePart="die")
    eve = Page(uppy, page.service, issuer.token("eve"))
    assert (await eve.upload(resume=before["s3Multipart"]))["ended"] == "failed"
