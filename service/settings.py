"""The service's settings, read from the environment."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, model_validator

from service.uploads.acceptance import Acceptance
from service.views.page_policy import content_security_policy, origin, upload_sources
from transcode.settings import Settings, Url, split_on_commas

CommaSeparated = Annotated[tuple[str, ...], split_on_commas]


def _validated_url(url: str) -> str:
    HttpUrl(url)
    return url


IssuerUrl = Annotated[str, AfterValidator(_validated_url)]
"""An http or https URL kept unchanged, with any trailing slash: tokens must name exactly this issuer."""

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


AUDIO_TYPES = (
    "audio/mpeg",
    "audio/mp4",
    "audio/x-m4a",
    "audio/aac",
    "audio/wav",
    "audio/x-wav",
    "audio/flac",
    "audio/ogg",
    "audio/webm",
    "audio/aiff",
    "audio/x-aiff",
)

UNFINISHED_UPLOADS = 100
"""Unfinished uploads of the largest size that a caller may begin in a day, unless the settings say otherwise."""


class ServiceSettings(Settings):
    """The service's settings in addition to the shared ones."""

    upload_max_bytes: Annotated[int, Field(ge=1, le=5 * 1024**4)] = 5 * 1024**3
    """Size of the largest accepted file; S3 accepts 5 GiB in one PUT, and 5 TiB in parts."""
    unfinished_bytes_per_caller: Annotated[int, Field(ge=1)] | None = None
    """Bytes of unfinished uploads in parts that one caller may begin in a UTC day; None means a hundred times
    `upload_max_bytes`. An upload without an announced size counts as `upload_max_bytes`.
    """
    uploads_queue_url: Url | None = None
    """The queue through which the service requests retries from the worker; without it, `POST /jobs` returns 501."""
    job_events_queue_url: Url | None = None
    """The queue through which the service requests the end of a job; without it, a request to cancel returns 501."""
    upload_url_ttl_s: Annotated[int, Field(ge=10, le=7 * 86_400)] = 3_600
    """Seconds for which a client may start an upload with a presigned URL."""
    upload_content_types: CommaSeparated = VIDEO_TYPES
    """The accepted content types, separated by commas."""
    audio_profiles: CommaSeparated = ("audio",)
    """The profiles that also accept `upload_audio_types`, separated by commas. Their job templates make no picture."""
    upload_audio_types: CommaSeparated = AUDIO_TYPES
    """The content types that only the audio profiles accept, separated by commas."""
    s3_public_endpoint_url: Url | None = None
    """S3's URL for browsers, if it differs from the service's own."""
    playback_base_url: Url | None = None
    """The URL under which CloudFront serves the output bucket; without it, no job has a playback_url."""
    playback_private_key: SecretStr | None = None
    """The private key that signs playback cookies: RSA, 2048 bits, PEM."""
    playback_private_key_secret_arn: Annotated[str, Field(pattern=r"^arn:[^:]+:secretsmanager:.+$")] | None = None
    """The secret in Secrets Manager that contains the private key, instead of `playback_private_key`."""
    playback_cookie_ttl_s: Annotated[int, Field(ge=600, le=86_400)] = 3_600
    """Maximum seconds until playback cookies expire; the minimum is half. Each response with the job renews them."""
    origin_secret: Annotated[SecretStr, Field(min_length=32, max_length=1_024)] | None = None
    """The secret that CloudFront sends in X-Origin-Secret; without it, the service also serves direct requests."""
    allowed_hosts: CommaSeparated = ()
    """The host names under which the service answers, and only its own page and `cors_allow_origins`; all if empty."""
    page_connect_sources: CommaSeparated = ()
    """Further addresses that the page may reach, such as the identity provider's token endpoint."""
    cors_allow_origins: CommaSeparated = ()
    """The origins whose pages may call this API, separated by commas; "*" for all."""
    auth_issuer: IssuerUrl | None = None
    """The OIDC identity provider, exactly as in the `iss` claim of its tokens; set it together with `auth_audience`."""
    auth_audience: Annotated[str, Field(min_length=1)] | None = None
    """The required audience (`aud`) of tokens; without it and `auth_issuer`, the API is open."""
    auth_clients: CommaSeparated = ()
    """The provider's clients whose tokens are valid (`azp`, or `client_id`), separated by commas; without it, all."""
    uploads_per_minute: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Uploads that one caller may start within a minute, counted by each process separately; 0 for no limit."""
    tick_s: Annotated[float, Field(ge=0.05, le=60)] = 1.0
    """Shortest time in seconds between two reads of a followed job or file, however many clients follow it.

    The hub reads a job in the middle of its transcode every five ticks on average, and sooner when news is due.
    """
    fresh_s: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Seconds for which the service caches a job's row; with 0, it reads the row for each request."""
    max_wait_s: Annotated[float, Field(ge=0, le=20)] = 20.0
    """Maximum seconds for which the service holds a long poll, whatever its `wait_s`; with 0, it responds at once."""
    function_concurrency: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """On Lambda: concurrent executions that the functions share; with it, long polls are shorter when it is short."""
    max_streams: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Event streams that a process holds at a time; None derives the number from the memory and the open files."""
    max_long_polls: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Long polls that a process holds at a time; None derives the number from the memory and the open files."""
    max_streams_per_caller: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Event streams of one caller that a process holds at a time; None for a quarter of all, at most 100."""
    max_long_polls_per_caller: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Long polls of one caller that a process holds at a time; None for a quarter of all, at most 100."""
    max_connections: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Connections that a process accepts at a time; None derives the number from the memory and the open files."""
    forwarded_allow_ips: str = ""
    """The proxies whose X-Forwarded-For and X-Forwarded-Proto count: addresses and networks, separated by commas."""
    stop_spread_s: Annotated[float, Field(ge=0, le=18)] = 15.0
    """Seconds over which a stopping process ends its streams, so that their clients don't reconnect all at once."""
    heartbeat_s: Annotated[float, Field(ge=0.05, le=300)] = 15.0
    """Seconds without an event after which the service sends a comment, so that no proxy closes the idle stream."""
    api_base_path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]*$")] = "/"
    """On Lambda: the path prefix that API Gateway adds to every route, a stage's name or a base path mapping."""
    web_dir: Path = Path("web/dist")
    """The folder of the built page, served at `/`; if it doesn't exist, `/` explains how to build the page."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8000

    @property
    def page_policy(self) -> str:
        """The Content-Security-Policy of the page."""
        uploads = upload_sources(
            bucket=self.input_bucket,
            region=self.aws_region,
            endpoint_url=self.s3_public_endpoint_url or self.aws_endpoint_url,
        )
        playback = [origin(self.playback_base_url)] if self.playback_base_url else []
        provider = [origin(self.auth_issuer)] if self.auth_issuer else []
        connect = [*uploads, *playback, *provider, *self.page_connect_sources]
        return content_security_policy(connect=connect, media=playback)

    @property
    def acceptance(self) -> Acceptance:
        """The rule for which uploads are accepted."""
        return Acceptance(
            profiles={name: self._content_types(name) for name in self.profiles.names},
            max_bytes=self.upload_max_bytes,
            max_duration_s=self.upload_max_duration_s,
        )

    def _content_types(self, profile: str) -> tuple[str, ...]:
        audio = self.upload_audio_types if profile in self.audio_profiles else ()
        return tuple(dict.fromkeys((*self.upload_content_types, *audio)))

    @property
    def max_unfinished_bytes(self) -> int:
        """The limit of a caller's unfinished uploads of a day."""
        return self.unfinished_bytes_per_caller or UNFINISHED_UPLOADS * self.upload_max_bytes

    @model_validator(mode="after")
    def _require_room_for_the_largest_file(self) -> Self:
        if self.max_unfinished_bytes < self.upload_max_bytes:
            raise ValueError("UNFINISHED_BYTES_PER_CALLER must not be smaller than UPLOAD_MAX_BYTES")
        return self

    @model_validator(mode="after")
    def _require_known_audio_profiles(self) -> Self:
        unknown = set(self.audio_profiles) - set(self.profiles.names)
        if "audio_profiles" in self.model_fields_set and unknown:
            raise ValueError(f"AUDIO_PROFILES names {sorted(unknown)}, which MEDIACONVERT_JOB_TEMPLATES doesn't have")
        return self

    @model_validator(mode="after")
    def _require_both_auth_settings(self) -> Self:
        if (self.auth_issuer is None) != (self.auth_audience is None):
            missing = "AUTH_AUDIENCE" if self.auth_audience is None else "AUTH_ISSUER"
            raise ValueError(f"{missing} is missing: set both AUTH_ISSUER and AUTH_AUDIENCE, or neither")
        return self

    @model_validator(mode="after")
    def _require_complete_playback_settings(self) -> Self:
        keys = (self.playback_private_key, self.playback_private_key_secret_arn)
        if self.playback_key_pair_id is None and keys == (None, None):
            return self
        if self.playback_key_pair_id is None:
            raise ValueError("PLAYBACK_KEY_PAIR_ID is missing: the private key can't be used without it")
        if (keys[0] is None) == (keys[1] is None):
            raise ValueError(
                "PLAYBACK_KEY_PAIR_ID needs PLAYBACK_PRIVATE_KEY or PLAYBACK_PRIVATE_KEY_SECRET_ARN, but not both"
            )
        if self.playback_base_url is None:
            raise ValueError("PLAYBACK_BASE_URL is missing: the playback cookies are for that URL")
        if keys[0] is not None:
            from service.playback.signer import read_key  # noqa: PLC0415 -- imports cryptography

            read_key(keys[0].get_secret_value())
        return self
