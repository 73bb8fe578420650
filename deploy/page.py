"""Brings the built page to its bucket: what changed is sent, and told how long a browser may keep it.

The rule is the service's own (`service/api/page.py`): hashed files are cached for a year; others are revalidated.
Files of an earlier build under `assets/` stay, because open pages still load them. CloudFront compresses by itself.
"""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from deploy.buckets import MISSING
from deploy.package import ROOT

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

BUILT = ROOT / "web" / "dist"
CONFIG = "config.js"
TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css", ".html": "text/html; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """A file of the page."""

    key: str
    body: bytes

    @property
    def cache_control(self) -> str:
        """How long a browser may keep it."""
        return "public, max-age=31536000, immutable" if self.key.startswith("assets/") else "no-cache"

    @property
    def content_type(self) -> str:
        """What it is; the machine's own table may say otherwise, and browsers refuse modules of another type."""
        suffix = Path(self.key).suffix
        return TYPES.get(suffix) or mimetypes.guess_type(self.key)[0] or "application/octet-stream"

    @property
    def etag(self) -> str:
        """S3's tag of an object with this content."""
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'


def page_files(folder: Path = BUILT) -> list[PageFile]:
    """Return the files of the built page; those that everything else leads to come last."""
    files = [
        PageFile(key=path.relative_to(folder).as_posix(), body=path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in {".br", ".gz"}
    ]
    return sorted(files, key=lambda each: (not each.key.startswith("assets/"), each.key == "index.html", each.key))


async def put_page(s3: "S3Client", bucket: str, files: list[PageFile], *, config: bytes | None) -> int:
    """See that the bucket has the page, and return how many files had to be sent.

    The page's settings are those of `config`; without it, those that are there stay.
    """
    sent = 0
    for file in files:
        wanted = PageFile(key=CONFIG, body=config) if config is not None and file.key == CONFIG else file
        etag = await _etag(s3, bucket, file.key)
        if etag == wanted.etag or (etag and config is None and file.key == CONFIG):
            continue
        await s3.put_object(
            Bucket=bucket,
            Key=wanted.key,
            Body=wanted.body,
            CacheControl=wanted.cache_control,
            ContentType=wanted.content_type,
        )
        sent += 1
    return sent


async def _etag(s3: "S3Client", bucket: str, key: str) -> str | None:
    try:
        return (await s3.head_object(Bucket=bucket, Key=key))["ETag"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING:
            raise
        return None
