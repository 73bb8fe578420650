"""The web page, served at `/` if it was built: its files, read once at start, with their caching headers.

This module knows one thing about the files: Vite puts a hash of the content into each name under `assets/`. To serve
the page from another server (CloudFront, nginx), apply the same rule: `caching` is all of it.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""The suffix of each compressed copy that the build writes beside a file, best encoding first."""

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>mediaconvert-status</title>
<h1>The page has not been built</h1>
<p>The API works: its documentation is at <a href="docs">/docs</a>.</p>
<p>To serve the page here, install Node.js 20.19 or newer, run <code>make page</code>, and restart the service.
<code>WEB_DIR</code> names the folder with the built page, if it isn't <code>web/dist</code>.</p>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file of the page, uncompressed and in each encoding that the build wrote."""

    path: str
    media_type: str
    body: bytes
    encoded: Mapping[str, bytes]
    policy: str
    """The Content-Security-Policy of HTML."""
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        """Derive the ETag from the content."""
        object.__setattr__(self, "etag", f'W/"{hashlib.sha256(self.body).hexdigest()[:16]}"')

    def response(self, request: Request) -> Response:
        """Return the file in the best encoding that the client accepts, or 304."""
        headers = {"Cache-Control": caching(self.path), "ETag": self.etag, "Vary": "Accept-Encoding"}
        if self.media_type == "text/html":
            headers["Content-Security-Policy"] = self.policy
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        accepted = request.headers.get("accept-encoding", "")
        for encoding, body in self.encoded.items():
            if encoding in accepted:
                return Response(body, media_type=self.media_type, headers={**headers, "Content-Encoding": encoding})
        return Response(self.body, media_type=self.media_type, headers=headers)


def caching(path: str) -> str:
    """Return a file's Cache-Control: hashed files are cached for a year; all other files are revalidated."""
    return "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"


def install(app: FastAPI, web_dir: Path, *, policy: str) -> None:
    """Serve the page with this policy from this folder; if it was not built, explain at `/` how to build it."""
    assets = _read(web_dir, policy)
    if "index.html" not in assets:
        app.add_route("/", _not_built, include_in_schema=False)
        return
    for path, asset in assets.items():
        app.add_route(f"/{path}", asset.response, include_in_schema=False)
    app.add_route("/", assets["index.html"].response, include_in_schema=False)


def _read(web_dir: Path, policy: str) -> dict[str, Asset]:
    files = {file.relative_to(web_dir).as_posix(): file for file in sorted(web_dir.rglob("*")) if file.is_file()}
    return {
        path: Asset(
            path=path,
            media_type=_media_type(path),
            policy=policy,
            body=file.read_bytes(),
            encoded={name: files[path + end].read_bytes() for name, end in ENCODINGS.items() if path + end in files},
        )
        for path, file in files.items()
        if file.suffix not in ENCODINGS.values()
    }


def _media_type(path: str) -> str:
    # The operating system's own table may name other types, and browsers refuse modules of another type.
    media_types = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css", ".html": "text/html"}
    return media_types.get(Path(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"


async def _not_built(_request: Request) -> Response:
    return HTMLResponse(NOT_BUILT, status_code=404)
