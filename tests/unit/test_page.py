"""Serving the built page: caching, encodings, and the response without a build."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from service.api import page


@pytest.fixture
def web_dir(tmp_path: Path) -> Path:
    """Return a folder with a page as Vite builds it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (tmp_path / "config.js").write_text("// settings", encoding="utf-8")
    (tmp_path / "assets" / "index-Ax00tWgn.js").write_text("plain", encoding="utf-8")
    (tmp_path / "assets" / "index-Ax00tWgn.js.br").write_bytes(b"as brotli")
    (tmp_path / "assets" / "index-Ax00tWgn.js.gz").write_bytes(b"as gzip")
    return tmp_path


async def get(web_dir: Path, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Return the response to a GET of the path."""
    app = FastAPI()
    page.install(app, web_dir, policy="default-src 'none'")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        request = client.build_request("GET", path, headers={"Accept-Encoding": "identity", **(headers or {})})
        response = await client.send(request, stream=True)
        response._content = b"".join([chunk async for chunk in response.aiter_raw()])  # noqa: SLF001 -- the body before decoding
        return response


async def test_hashed_files_are_cached_for_a_year_and_other_files_are_revalidated(web_dir: Path) -> None:
    """The page that names the hashed files is revalidated at each request."""
    asset, index, settings = [await get(web_dir, path) for path in ("/assets/index-Ax00tWgn.js", "/", "/config.js")]
    assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert index.headers["Cache-Control"] == settings.headers["Cache-Control"] == "no-cache"
    assert asset.headers["Content-Type"].startswith("text/javascript")


async def test_a_conditional_request_for_an_unchanged_file_returns_304(web_dir: Path) -> None:
    """A changed file is sent again."""
    etag = (await get(web_dir, "/")).headers["ETag"]
    assert (await get(web_dir, "/", {"If-None-Match": etag})).status_code == 304
    (web_dir / "index.html").write_text("<!doctype html> another", encoding="utf-8")
    assert (await get(web_dir, "/", {"If-None-Match": etag})).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [("gzip, br", "br", b"as brotli"), ("gzip", "gzip", b"as gzip"), ("identity", None, b"plain")],
)
async def test_the_preferred_encoding_that_the_client_accepts_is_sent(
    web_dir: Path, accepted: str, encoding: str | None, body: bytes
) -> None:
    """Files are compressed at build time, not during a request."""
    response = await get(web_dir, "/assets/index-Ax00tWgn.js", {"Accept-Encoding": accepted})
    assert (response.headers.get("Content-Encoding"), response.content) == (encoding, body)
    assert response.headers["Vary"] == "Accept-Encoding"


async def test_html_has_the_content_security_policy(web_dir: Path) -> None:
    """Injected text can't run as a script, nor reach another address."""
    assert (await get(web_dir, "/")).headers["Content-Security-Policy"] == "default-src 'none'"
    assert "Content-Security-Policy" not in (await get(web_dir, "/config.js")).headers


@pytest.mark.parametrize("path", ["/assets/index-Ax00tWgn.js.br", "/../pyproject.toml", "/assets/", "/nothing"])
async def test_only_the_built_files_are_served(web_dir: Path, path: str) -> None:
    """The list of files is fixed at start, so no path leads outside of it."""
    assert (await get(web_dir, path)).status_code == 404


async def test_without_a_build_the_404_page_names_the_command(tmp_path: Path) -> None:
    """The response is a page rather than an empty 404."""
    response = await get(tmp_path / "nowhere", "/")
    assert response.status_code == 404
    assert b"make page" in response.content
    assert response.headers["Content-Type"].startswith("text/html")
