"""How the built page is served: caching, encodings, and what is said where there is none."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from service.api import page


@pytest.fixture
def web_dir(tmp_path: Path) -> Path:
    """A page as Vite builds it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>", encoding="utf-8")
    (tmp_path / "config.js").write_text("// settings", encoding="utf-8")
    (tmp_path / "assets" / "index-Ax00tWgn.js").write_text("plain", encoding="utf-8")
    (tmp_path / "assets" / "index-Ax00tWgn.js.br").write_bytes(b"as brotli")
    (tmp_path / "assets" / "index-Ax00tWgn.js.gz").write_bytes(b"as gzip")
    return tmp_path


async def get(web_dir: Path, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """What is answered at a path."""
    app = FastAPI()
    page.install(app, web_dir)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        request = client.build_request("GET", path, headers={"Accept-Encoding": "identity", **(headers or {})})
        answer = await client.send(request, stream=True)
        answer._content = b"".join([chunk async for chunk in answer.aiter_raw()])  # noqa: SLF001 -- as it was sent
        return answer


async def test_a_file_whose_name_changes_with_it_is_kept_for_ever(web_dir: Path) -> None:
    """And the page that names it is asked for each time."""
    asset, index, settings = [await get(web_dir, path) for path in ("/assets/index-Ax00tWgn.js", "/", "/config.js")]
    assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert index.headers["Cache-Control"] == settings.headers["Cache-Control"] == "no-cache"
    assert asset.headers["Content-Type"].startswith("text/javascript")


async def test_asking_again_costs_no_body(web_dir: Path) -> None:
    """As long as the file is the same."""
    etag = (await get(web_dir, "/")).headers["ETag"]
    assert (await get(web_dir, "/", {"If-None-Match": etag})).status_code == 304
    (web_dir / "index.html").write_text("<!doctype html> another", encoding="utf-8")
    assert (await get(web_dir, "/", {"If-None-Match": etag})).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [("gzip, br", "br", b"as brotli"), ("gzip", "gzip", b"as gzip"), ("identity", None, b"plain")],
)
async def test_the_best_encoding_is_sent_that_the_client_takes(
    web_dir: Path, accepted: str, encoding: str | None, body: bytes
) -> None:
    """Nothing is compressed while a client waits."""
    answer = await get(web_dir, "/assets/index-Ax00tWgn.js", {"Accept-Encoding": accepted})
    assert (answer.headers.get("Content-Encoding"), answer.content) == (encoding, body)
    assert answer.headers["Vary"] == "Accept-Encoding"


async def test_the_page_lets_no_foreign_script_in(web_dir: Path) -> None:
    """What reaches the page can only run what was built."""
    policy = (await get(web_dir, "/")).headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/assets/index-Ax00tWgn.js.br", "/../pyproject.toml", "/assets/", "/nothing"])
async def test_nothing_else_is_served(web_dir: Path, path: str) -> None:
    """The files are known from the start, so that no path leads elsewhere."""
    assert (await get(web_dir, path)).status_code == 404


async def test_without_a_build_the_page_says_what_is_missing(tmp_path: Path) -> None:
    """Instead of a bare 404."""
    answer = await get(tmp_path / "nowhere", "/")
    assert answer.status_code == 404
    assert b"make page" in answer.content
    assert answer.headers["Content-Type"].startswith("text/html")
