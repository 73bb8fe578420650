"""The settings that both processes read, from the environment.

A missing or wrong one stops the process at its start with one line that names it: see `load`.
"""

import sys
from typing import Annotated, NoReturn, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

SettingsT = TypeVar("SettingsT", bound=BaseSettings)

BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
"""An S3 bucket's name. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""

TableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]
"""A DynamoDB table's name."""

Url = Annotated[str, AfterValidator(lambda url: str(HttpUrl(url)).rstrip("/"))]
"""An http(s) address, kept as text without a trailing slash."""


split_on_commas = BeforeValidator(
    lambda text: tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text
)
"""Reads a list from one environment variable: `a, b` gives two."""


class Settings(BaseSettings):
    """What the service and the worker both need to know."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, extra="ignore")

    input_bucket: BucketName
    """Where browsers upload to."""
    output_bucket: BucketName
    """Where MediaConvert writes; private, served by CloudFront."""
    input_file_table: TableName = "MediaConvertInputFileToJobId"
    status_table: TableName = "MediaConvertJobIdToStatus"
    status_ttl_s: Annotated[int, Field(ge=60)] = 86_400
    """Seconds that a status row, and an upload that never came, live after their last change."""
    output_ttl_s: Annotated[int, Field(ge=3_600)] = 14 * 86_400
    """Seconds that the row with the key lives, and an unfinished job's rows; longer than the longest job."""
    upload_prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]+/)+$", max_length=200)] = "uploads/"
    """Key prefix of uploads in the input bucket; objects elsewhere are nobody's upload."""
    aws_region: str = "us-east-1"
    aws_endpoint_url: Url | None = None
    """Set for an emulator; AWS's own addresses otherwise."""
    log_level: Annotated[str, Field(pattern=r"^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$")] = "INFO"
    log_format: Annotated[str, Field(pattern=r"^(json|console)$")] = "json"


def load(settings: type[SettingsT]) -> SettingsT:
    """Return the settings from the environment; exit with status 2 and one line on stderr where one is wrong."""
    try:
        return settings()
    except ValidationError as error:
        _refuse(error)


def _refuse(error: ValidationError) -> NoReturn:
    problems = [
        f"{'_'.join(map(str, line['loc'])).upper()}: {line['msg']}" if line["loc"] else line["msg"]
        for line in error.errors()
    ]
    sys.stderr.write(f"settings: {'; '.join(problems)}\n")
    sys.exit(2)
