"""The page for people, served at `/` where it was built: its files, read once, with the right caching.

Knows nothing of what is in them but Vite's rule that a name under `assets/` changes with the content. Whoever serves
the page from elsewhere (CloudFront, nginx) can do as this does: `caching` is all of it.
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
"""What the build puts beside a file, best first."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; worker-src 'self' blob:; "
    # Uploads go to S3 and videos come from where they are served: both are other hosts.
    "connect-src 'self' http: https:; media-src blob: http: https:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>mediaconvert-status</title>
<h1>The page has not been built</h1>
<p>The API works: its documentation is at <a href="docs">/docs</a>.</p>
<p>To have the page here, install Node.js 20.19 or newer, run <code>make page</code>, and start the service again.
<code>WEB_DIR</code> names the folder with the built page, where it isn't <code>web/dist</code>.</p>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file of the page, as it is and as the build compressed it."""

    path: str
    media_type: str
    body: bytes
    encoded: Mapping[str, bytes]
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        """Derive the tag from the content."""
        object.__setattr__(self, "etag", f'W/"{hashlib.sha256(self.body).hexdigest()[:16]}"')

    def answer(self, request: Request) -> Response:
        """Return the file in the best encoding that the client takes, or 304."""
        headers = {"Cache-Control": caching(self.path), "ETag": self.etag, "Vary": "Accept-Encoding"}
        if self.media_type == "text/html":
            headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        accepted = request.headers.get("accept-encoding", "")
        for encoding, body in self.encoded.items():
            if encoding in accepted:
                return Response(body, media_type=self.media_type, headers={**headers, "Content-Encoding": encoding})
        return Response(self.body, media_type=self.media_type, headers=headers)


def caching(path: str) -> str:
    """Return how long a browser may keep a file: for ever what changes its name, and else never unasked."""
    return "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"


def install(app: FastAPI, web_dir: Path) -> None:
    """Serve the page of this folder; where there is none, say at `/` what is missing."""
    assets = _read(web_dir)
    if "index.html" not in assets:
        app.add_route("/", _not_built, include_in_schema=False)
        return
    for path, asset in assets.items():
        app.add_route(f"/{path}", asset.answer, include_in_schema=False)
    app.add_route("/", assets["index.html"].answer, include_in_schema=False)


def _read(web_dir: Path) -> dict[str, Asset]:
    files = {file.relative_to(web_dir).as_posix(): file for file in sorted(web_dir.rglob("*")) if file.is_file()}
    return {
        path: Asset(
            path=path,
            media_type=_media_type(path),
            body=file.read_bytes(),
            encoded={name: files[path + end].read_bytes() for name, end in ENCODINGS.items() if path + end in files},
        )
        for path, file in files.items()
        if file.suffix not in ENCODINGS.values()
    }


def _media_type(path: str) -> str:
    # The operating system's own table may say otherwise, and browsers refuse modules of another type.
    known = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css", ".html": "text/html"}
    return known.get(Path(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"


async def _not_built(_request: Request) -> Response:
    return HTMLResponse(NOT_BUILT, status_code=404)
