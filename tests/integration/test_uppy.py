"""The real @uppy/core and @uppy/aws-s3 against the running API, with access on: the plugin as it comes from npm."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.embedded import ROOT
from local.provision import Stack
from tests.fake_issuer import AUDIENCE, LittleIssuer, little_issuer
from tests.integration.node_packages import installed
from tests.integration.process_settings import service_settings
from tests.integration.serving import Running, running

SOURCE = ROOT / "tests" / "uppy"
MIB = 1024 * 1024
SIZE = 6 * MIB
"""Two parts, of which the first has to be as large as S3 asks."""


@pytest.fixture(scope="session")
def uppy() -> Path:
    """A folder with the script and its packages, installed once for each lock file."""
    return installed(SOURCE, why="the real Uppy can't be tried")


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """The identity provider of the callers here."""
    with little_issuer() as opened:
        yield opened


@pytest.fixture
async def service(stack: Stack, issuer: LittleIssuer) -> AsyncIterator[Running]:
    """The service on a port, for callers with a token."""
    changes = {"auth_issuer": issuer.url, "auth_audience": AUDIENCE, "upload_max_bytes": 100 * MIB}
    async with running(service_settings(stack).model_copy(update=changes)) as started:
        yield started


class Page:
    """A page with Uppy in it."""

    def __init__(self, folder: Path, service: Running, token: str | None) -> None:
        self._folder = folder
        self._wish = {"companion": service.url, "token": token, "type": "video/mp4", "name": "Mein Film.mp4"}
        self.service = service

    async def upload(self, **wish: object) -> dict[str, Any]:
        """Upload a file, and tell how it ended."""
        process = await asyncio.create_subprocess_exec(
            "node",
            "upload.mjs",
            json.dumps({**self._wish, "sizeBytes": SIZE, "inParts": True, **wish}),
            cwd=self._folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            told, complaints = await process.communicate()
        assert process.returncode == 0, complaints.decode()
        answer: dict[str, Any] = json.loads(told)
        return answer

    async def stored(self, input_file: str) -> tuple[str | None, int | None]:
        """The owner of the upload, and the length of its object."""
        lookup = await self.service.resources.lookups.get(input_file, now_s=int(time.time()))
        there = await self.service.resources.multipart.head(input_file)
        return lookup.owner if lookup else None, there.size_bytes if there else None


@pytest.fixture
def page(uppy: Path, service: Running, issuer: LittleIssuer) -> Page:
    """Ada's page."""
    return Page(uppy, service, issuer.token("ada"))


async def test_uppy_uploads_a_small_file_at_once(page: Page) -> None:
    """By form, to a key that we made; the page learns it."""
    told = await page.upload(inParts=False, sizeBytes=1000)
    assert told["ended"] == "uploaded", told
    assert await page.stored(told["key"]) == ("ada", 1000)


async def test_uppy_uploads_a_large_file_in_parts(page: Page) -> None:
    """Two of them, to one object."""
    told = await page.upload()
    assert (told["ended"], told["partsSent"]) == ("uploaded", 2), told
    assert await page.stored(told["key"]) == ("ada", SIZE)


async def test_uppy_resumes_an_upload_where_a_closed_page_left_it(page: Page) -> None:
    """The part that was sent is not sent again."""
    before = await page.upload(afterOnePart="die")
    told = await page.upload(resume=before["s3Multipart"])
    assert (before["ended"], before["partsSent"]) == ("died", 1)
    assert (told["ended"], told["partsSent"], told["key"]) == ("uploaded", 1, before["s3Multipart"]["key"]), told
    assert await page.stored(told["key"]) == ("ada", SIZE)


async def test_uppy_aborts_what_is_canceled(page: Page, issuer: LittleIssuer) -> None:
    """Parts and key are forgotten."""
    told = await page.upload(afterOnePart="cancel")
    begun = told["s3Multipart"]
    async with page.service.client() as api:
        parts = await api.get(
            f"/s3/multipart/{begun['uploadId']}", params={"key": begun["key"]}, headers=issuer.bearer("ada")
        )
    assert (told["ended"], told["status"]) == ("canceled", 200)
    assert parts.status_code == 404


@pytest.mark.parametrize("in_parts", [False, True])
async def test_uppy_shows_what_is_refused(uppy: Path, service: Running, in_parts: bool) -> None:  # noqa: FBT001
    """Without a token nothing is begun; a page hears of it."""
    told = await Page(uppy, service, None).upload(inParts=in_parts)
    assert told["ended"] == "failed"
    assert "Unauthorized" in told["error"]


async def test_another_page_can_not_resume_what_it_saw(page: Page, uppy: Path, issuer: LittleIssuer) -> None:
    """Key and id of somebody else's upload open nothing."""
    before = await page.upload(afterOnePart="die")
    eve = Page(uppy, page.service, issuer.token("eve"))
    assert (await eve.upload(resume=before["s3Multipart"]))["ended"] == "failed"
