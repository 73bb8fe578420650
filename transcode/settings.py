"""The settings that the service and the worker both read from the environment.

A missing or invalid setting stops the process at start, with one line that names the setting: see `load`.
"""

import os
import sys
from collections.abc import Mapping
from typing import Annotated, Literal, NoReturn, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    ValidationError,
    model_validator,
)

from transcode.lifetimes import DAY_S, Lifetimes
from transcode.profiles import Profiles, check_templates, parse_templates, profiles_of

SettingsT = TypeVar("SettingsT", bound="EnvironmentSettings")

BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
"""The name of an S3 bucket. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""

TableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]
"""The name of a DynamoDB table."""

Url = Annotated[str, AfterValidator(lambda url: str(HttpUrl(url)).rstrip("/"))]
"""An http or https URL, kept as text without a trailing slash."""


split_on_commas = BeforeValidator(
    lambda text: tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text
)
"""Parses a comma-separated list from one environment variable: `a, b` has two items."""

whole_number = BeforeValidator(
    lambda text: int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else text
)
"""Converts the environment's text to a number. Pydantic needs it for a Literal of numbers, which accepts no text."""


JobTemplates = Annotated[
    Mapping[str, str], BeforeValidator(parse_templates), AfterValidator(check_templates), Field(min_length=1)
]
"""The names of job templates by profile, as a JSON object."""


class EnvironmentSettings(BaseModel):
    """Settings that a process reads from environment variables.

    Pydantic has a package for this, which makes a start much slower (bench row "Lambda cold start").
    """

    # A base class is never read, so only the class of a process needs a validator (bench row "Lambda cold start").
    model_config = ConfigDict(frozen=True, extra="ignore", validate_default=True, defer_build=True)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the settings. A setting's variable has its name in capitals; an empty one counts as missing.

        Raises:
            ValidationError: A setting is missing or wrong.
        """
        variables = {name: environment.get(name.upper()) for name in cls.model_fields}
        return cls.model_validate({name: text for name, text in variables.items() if text})


class Settings(EnvironmentSettings):
    """The settings that the service and the worker share."""

    input_bucket: BucketName
    """The bucket to which browsers upload."""
    output_bucket: BucketName
    """The bucket to which MediaConvert writes. It is private; CloudFront serves it."""
    input_file_table: TableName = "MediaConvertInputFileToJobId"
    status_table: TableName = "MediaConvertJobIdToStatus"
    status_ttl_s: Annotated[int, Field(ge=60)] = 86_400
    """Seconds after its last change until a status row, or the row of an upload that never arrived, expires."""
    output_ttl_s: Annotated[int, Field(ge=3_600)] = 14 * 86_400
    """Seconds until the row with the key, and the rows of an unfinished job, expire; longer than the longest job."""
    complete_ttl_s: Annotated[int, Field(ge=0)] = 0
    """Seconds until the rows of a COMPLETE job and its upload expire; 0 keeps them until the video is deleted, or for
    `output_expiration_days` if that is set."""
    input_expiration_days: Annotated[int, Field(ge=0)] = 0
    """Days after which S3 deletes an upload, and its row expires; 0 keeps both until the video is deleted."""
    output_expiration_days: Annotated[int, Field(ge=0)] = 0
    """Days after which S3 deletes the outputs; 0 keeps them."""
    status_update_interval_s: Annotated[
        Literal[10, 12, 15, 20, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600], whole_number
    ] = 10
    """Seconds between a job's progress events; MediaConvert allows only these values."""
    upload_prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]+/)+$", max_length=200)] = "uploads/"
    """The key prefix of uploads in the input bucket; objects under other prefixes are not uploads."""
    retries_per_upload: Annotated[int, Field(ge=0, le=100)] = 5
    """Jobs that callers may request again for one file, however often its jobs fail or are canceled."""
    upload_max_duration_s: Annotated[int, Field(ge=1, le=86_400)] = 14_400
    """Seconds of the longest accepted video. Jobs are clipped at this length."""
    upload_max_side_px: Annotated[int, Field(ge=16, le=65_536)] = 8_192
    """Pixels of the longest accepted side of a video's frame."""
    mediaconvert_job_template: Annotated[str, Field(min_length=1)] | None = None
    """Name of the default profile's job template; without both settings, it is `mediaconvert-status-hls`."""
    mediaconvert_job_templates: JobTemplates | None = None
    """Names of job templates by profile, as a JSON object. The first profile is the default, unless
    `mediaconvert_job_template` names the template of another one.
    """
    playback_key_pair_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")] | None = None
    """CloudFront's id of the public key that verifies playback cookies. Without it, the service sets no cookies. With
    it, the worker refuses job templates whose outputs could be read without a cookie.
    """
    aws_region: str = "us-east-1"
    aws_endpoint_url: Url | None = None
    """The URL of an AWS emulator; AWS's own endpoints if not set."""
    log_level: Annotated[str, Field(pattern=r"^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$")] = "INFO"
    log_format: Annotated[str, Field(pattern=r"^(json|console)$")] = "json"

    @property
    def lifetimes(self) -> Lifetimes:
        """The times after which rows expire."""
        return Lifetimes(
            changed_s=self.status_ttl_s,
            waiting_s=self.output_ttl_s,
            source_s=self.input_expiration_days * DAY_S,
            complete_s=self.complete_ttl_s or self.output_expiration_days * DAY_S,
        )

    @property
    def profiles(self) -> Profiles:
        """The profiles from which callers choose."""
        return profiles_of(template=self.mediaconvert_job_template, templates=self.mediaconvert_job_templates or {})

    @model_validator(mode="after")
    def _require_valid_profiles(self) -> Self:
        _ = self.profiles
        return self


def load(settings: type[SettingsT]) -> SettingsT:
    """Return the settings from the environment; on an invalid one, exit with status 2 and one line on stderr."""
    try:
        return settings.from_environment()
    except ValidationError as error:
        _exit_with(error)


def _exit_with(error: ValidationError) -> NoReturn:
    problems = [
        f"{'_'.join(map(str, line['loc'])).upper()}: {line['msg']}" if line["loc"] else line["msg"]
        for line in error.errors()
    ]
    sys.stderr.write(f"settings: {'; '.join(problems)}\n")
    sys.exit(2)
