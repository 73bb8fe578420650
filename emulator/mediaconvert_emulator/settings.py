"""The settings that the emulator reads from the environment. Independent of the code that uses them."""

import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, AnyHttpUrl, Field, FilePath, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mediaconvert_emulator.chaos import Chaos
from mediaconvert_emulator.request_gate import RequestRates

REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def region_of_environment() -> str:
    """Return the AWS region of the environment, or us-east-1."""
    return next((os.environ[name] for name in REGION_VARIABLES if os.environ.get(name)), "us-east-1")


class EmulatorSettings(BaseSettings):
    """The emulator's settings: `MEDIACONVERT_<NAME>` in the environment, and AWS's own variables for AWS's address."""

    model_config = SettingsConfigDict(env_prefix="MEDIACONVERT_", frozen=True, populate_by_name=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8002, ge=0, le=65535, description="Port to listen on; 0 selects a free port.")
    public_url: str | None = Field(
        default=None, description="Base URL that DescribeEndpoints returns; by default the URL of the request."
    )
    region: str = Field(default_factory=region_of_environment, description="Region in ARNs and events.")
    account_id: str = Field(default="000000000000", pattern=r"^\d{12}$", description="Account in ARNs and events.")
    aws_endpoint_url: str | None = Field(
        default=None, validation_alias="AWS_ENDPOINT_URL", description="Address of S3 and EventBridge; by default AWS."
    )
    s3_endpoint_url: str | None = Field(
        default=None, validation_alias="AWS_ENDPOINT_URL_S3", description="Address of S3, if it differs."
    )
    events_endpoint_url: str | None = Field(
        default=None,
        validation_alias="AWS_ENDPOINT_URL_EVENTBRIDGE",
        description="Address of EventBridge, if it differs.",
    )
    events: Literal["eventbridge", "none"] = Field(
        default="eventbridge", description="`none` sends no events, for an account without EventBridge."
    )
    event_webhook: AnyHttpUrl | None = Field(
        default=None, description="URL that receives each event by POST, in EventBridge's place."
    )
    event_source: str = Field(
        default="local.mediaconvert",
        description="Source of the events. AWS and some emulators refuse a source that begins with `aws.`.",
    )
    event_bus: str = Field(default="default", description="Name of the event bus that receives the events.")
    queues: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("Default",), description="Names of the queues at start, comma-separated; the first one is the default."
    )
    queues_quota: int = Field(default=10, ge=1, description="Number of queues of the account; above it, a 429.")
    presets_quota: int = Field(default=100, ge=0, description="Number of presets of the account; above it, a 429.")
    job_templates_quota: int = Field(
        default=100, ge=0, description="Number of job templates of the account; above it, a 429."
    )
    concurrent_jobs_quota: int = Field(
        default=200, ge=1, description="Sum of the concurrent jobs that the account's on-demand queues may have."
    )
    concurrency: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="Maximum number of jobs that run at the same time; all others wait as SUBMITTED, in order.",
    )
    requests_per_s: float | None = Field(
        default=None, gt=0, description="Rate of all requests of the API together; above it they are a 429."
    )
    request_burst: int = Field(default=100, ge=1, description="Requests above the rate that may come at once.")
    create_job_per_s: float | None = Field(
        default=None, gt=0, description="Rate of CreateJob alone, which counts for the rate of all requests too."
    )
    create_job_burst: int = Field(default=1, ge=1, description="CreateJob requests that may come at once.")
    strict: bool = Field(
        default=False, description="Refuse settings that have no effect here; by default they are warnings of the job."
    )
    time_factor: float = Field(
        default=1.0, gt=0, le=1000, description="Divides every StatusUpdateInterval: 10 makes SECONDS_10 one second."
    )
    ffmpeg_binary: str | None = Field(
        default=None, description="Path or name of an ffmpeg; by default the binary in the package imageio-ffmpeg."
    )
    ffmpeg_preset: str = Field(default="veryfast", description="Preset of x264 and x265.")
    ffmpeg_threads: int = Field(default=2, ge=1, le=64, description="Threads of the decoder and of each encoder.")
    child_memory_mb: int = Field(
        default=8192, ge=256, description="Memory that each process that parses media may use; a job above it fails."
    )
    child_file_mb: int = Field(
        default=65_536, ge=1, description="Size of each file that ffmpeg may write; a job above it fails."
    )
    probe_timeout_s: float = Field(
        default=60, gt=0, description="Time that reading the properties of an input may take; a job above it fails."
    )
    stall_timeout_s: float = Field(
        default=300, gt=0, description="Time that ffmpeg may take without progress; a job above it fails."
    )
    upload_concurrency: int = Field(
        default=8, ge=1, le=64, description="Maximum number of files of one job that are uploaded at the same time."
    )
    temp_dir: Path = Field(
        default_factory=lambda: Path(tempfile.gettempdir()),
        description="Folder for the files of running jobs; it needs space for the input and all outputs.",
    )
    data_dir: Path | None = Field(
        default=None,
        description="Folder for the records of jobs, which then survive a restart; they contain encryption keys.",
    )
    finished_jobs_kept: int = Field(default=1000, ge=1, description="Number of finished jobs to keep.")
    templates: Annotated[tuple[FilePath, ...], NoDecode] = Field(
        default=(), description="Job template files to load at start, comma-separated (JSON of create-job-template)."
    )
    chaos: Chaos = Field(default=Chaos(), description="Chaos settings at start: the JSON body of PUT /_emulator/chaos.")
    log_format: Literal["json", "console"] | None = Field(
        default=None,
        validation_alias=AliasChoices("MEDIACONVERT_LOG_FORMAT", "LOG_FORMAT"),
        description="`json` or `console`; by default `console` if the standard output is a terminal.",
    )
    log_level: str = Field(default="INFO", pattern=r"^(?i:debug|info|warning|error)$", description="Log level.")

    @property
    def rates(self) -> RequestRates:
        """Return the account's request rates."""
        return RequestRates(
            per_s=self.requests_per_s,
            burst=self.request_burst,
            create_job_per_s=self.create_job_per_s,
            create_job_burst=self.create_job_burst,
        )

    @field_validator("queues", "templates", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        """Split a comma-separated string."""
        return tuple(part for part in value.split(",") if part) if isinstance(value, str) else value
