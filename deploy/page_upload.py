"""Uploads the changed files of the built page to its bucket, with their Cache-Control headers.

The caching rule is that of the service (`service/api/page.py`): hashed files are cached for a year, and all other files
are revalidated. Files of an earlier build under `assets/` stay, because open pages still load them. CloudFront
compresses the files itself.
"""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from deploy.buckets import MISSING
from deploy.lambda_package import ROOT

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
        """The file's Cache-Control header."""
        return "public, max-age=31536000, immutable" if self.key.startswith("assets/") else "no-cache"

    @property
    def content_type(self) -> str:
        """The media type. TYPES overrides this machine's table, because browsers refuse modules of another type."""
        suffix = Path(self.key).suffix
        return TYPES.get(suffix) or mimetypes.guess_type(self.key)[0] or "application/octet-stream"

    @property
    def etag(self) -> str:
        """S3's ETag of an object with this content."""
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'


def page_files(folder: Path = BUILT) -> list[PageFile]:
    """Return the files of the built page; index.html, which refers to the others, comes last."""
    files = [
        PageFile(key=path.relative_to(folder).as_posix(), body=path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in {".br", ".gz"}
    ]
    return sorted(files, key=lambda each: (not each.key.startswith("assets/"), each.key == "index.html", each.key))


async def put_page(s3: "S3Client", bucket: str, files: list[PageFile], *, config: bytes | None) -> int:
    """Upload the page's files that the bucket lacks, and return the number of uploaded files.

    `config` is the content of the page's config.js; without it, the existing config.js stays.
    """
    sent = 0
    for file in files:
        new = PageFile(key=CONFIG, body=config) if config is not None and file.key == CONFIG else file
        etag = await _etag(s3, bucket, file.key)
        if etag == new.etag or (etag and config is None and file.key == CONFIG):
            continue
        await s3.put_object(
            Bucket=bucket,
            Key=new.key,
            Body=new.body,
            CacheControl=new.cache_control,
            ContentType=new.content_type,
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
