"""The service's settings, from the environment."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import NoDecode

from transcode.settings import Settings, Url, split_on_commas

CommaSeparated = Annotated[tuple[str, ...], NoDecode, split_on_commas]

VIDEO_TYPES = (
    "video/mp4",
    "video/quicktime",
    "video/x-matroska",
    "video/webm",
    "video/mpeg",
    "video/mp2t",
    "video/x-msvideo",
    "video/x-ms-wmv",
    "video/x-flv",
    "video/3gpp",
    "video/ogg",
    "application/mxf",
)


class ServiceSettings(Settings):
    """What the service needs beside the common settings."""

    upload_max_bytes: Annotated[int, Field(ge=1, le=5 * 1024**3)] = 5 * 1024**3
    """The largest file that one PUT may bring; 5 GiB is S3's own limit."""
    upload_url_ttl_s: Annotated[int, Field(ge=10, le=7 * 86_400)] = 3_600
    """Seconds for which a presigned URL starts an upload."""
    upload_content_types: CommaSeparated = VIDEO_TYPES
    """The content types that are accepted, separated by commas."""
    s3_public_endpoint_url: Url | None = None
    """S3's address as the browser reaches it, where that isn't the service's own."""
    playback_base_url: Url | None = None
    """Where the output bucket is served (CloudFront); without it no job has a playback_url."""
    cors_allow_origins: CommaSeparated = ()
    """Origins whose pages may call this API, separated by commas; "*" for all."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8000
