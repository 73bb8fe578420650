"""What the emulator can be told, by environment. Must not know how any of it is used."""

import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, FilePath, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mediaconvert_emulator.chaos import Chaos

REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def region_of_environment() -> str:
    """The AWS region that the environment names, or us-east-1."""
    return next((os.environ[name] for name in REGION_VARIABLES if os.environ.get(name)), "us-east-1")


class EmulatorSettings(BaseSettings):
    """The emulator's settings: `MEDIACONVERT_<NAME>` in the environment; AWS's own variables say where AWS is."""

    model_config = SettingsConfigDict(env_prefix="MEDIACONVERT_", frozen=True, populate_by_name=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8002, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str | None = Field(default=None, description="What DescribeEndpoints answers; the listening address.")
    region: str = Field(default_factory=region_of_environment, description="Region in ARNs and events.")
    account_id: str = Field(default="000000000000", pattern=r"^\d{12}$", description="Account in ARNs and events.")
    aws_endpoint_url: str | None = Field(
        default=None, validation_alias="AWS_ENDPOINT_URL", description="Where S3 and EventBridge are, if not on AWS."
    )
    s3_endpoint_url: str | None = Field(
        default=None, validation_alias="AWS_ENDPOINT_URL_S3", description="Where S3 is, if it stands elsewhere."
    )
    events_endpoint_url: str | None = Field(
        default=None, validation_alias="AWS_ENDPOINT_URL_EVENTBRIDGE", description="Where EventBridge is, likewise."
    )
    event_source: str = Field(
        default="local.mediaconvert",
        description="Source of the events. AWS and some emulators refuse a source that begins with `aws.`.",
    )
    event_bus: str = Field(default="default", description="Name of the event bus that gets the events.")
    queues: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("Default",), description="Names of the queues, comma-separated; they share the concurrency."
    )
    concurrency: int = Field(default=1, ge=1, le=64, description="Jobs that transcode at the same time.")
    time_factor: float = Field(
        default=1.0, gt=0, le=1000, description="Divides every StatusUpdateInterval: 10 makes SECONDS_10 one second."
    )
    ffmpeg_binary: str | None = Field(
        default=None, description="Path or name of an ffmpeg; by default the one that imageio-ffmpeg carries."
    )
    ffmpeg_preset: str = Field(default="veryfast", description="x264's and x265's preset.")
    ffmpeg_threads: int = Field(default=2, ge=1, le=64, description="Threads of the decoder and of each encoder.")
    upload_concurrency: int = Field(default=8, ge=1, le=64, description="Files of one job uploaded at the same time.")
    temp_dir: Path = Field(
        default_factory=lambda: Path(tempfile.gettempdir()),
        description="Where each job has a folder while it runs; the input and all outputs must fit in it.",
    )
    finished_jobs_kept: int = Field(default=1000, ge=1, description="Finished jobs that GetJob still knows.")
    templates: Annotated[tuple[FilePath, ...], NoDecode] = Field(
        default=(), description="Job template files to load at start, comma-separated (create-job-template's JSON)."
    )
    chaos: Chaos = Field(default=Chaos(), description="Chaos at start, as the JSON that PUT /_emulator/chaos takes.")
    log_format: Literal["json", "console"] | None = Field(
        default=None,
        validation_alias=AliasChoices("MEDIACONVERT_LOG_FORMAT", "LOG_FORMAT"),
        description="`json` or `console`; by default what the standard output is, a terminal or not.",
    )
    log_level: str = Field(default="INFO", pattern=r"^(?i:debug|info|warning|error)$", description="Log level.")

    @field_validator("queues", "templates", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        """A comma-separated string as a list."""
        return tuple(part for part in value.split(",") if part) if isinstance(value, str) else value
