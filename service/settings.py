"""The service's settings, from the environment."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, model_validator
from pydantic_settings import NoDecode

from service.uploads.acceptance import Acceptance
from transcode.settings import Settings, Url, split_on_commas

CommaSeparated = Annotated[tuple[str, ...], NoDecode, split_on_commas]


def _is_address(url: str) -> str:
    HttpUrl(url)
    return url


IssuerUrl = Annotated[str, AfterValidator(_is_address)]
"""An http(s) address kept letter for letter, because tokens must name the issuer so; a slash at its end counts."""

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

    upload_max_bytes: Annotated[int, Field(ge=1, le=5 * 1024**4)] = 5 * 1024**3
    """The largest file that is accepted; S3 takes 5 GiB in one PUT, and 5 TiB in parts."""
    uploads_queue_url: Url | None = None
    """The worker's queue, to ask it for another job of a file; without it, `POST /jobs` is answered with 501."""
    mediaconvert_endpoint_url: Url | None = None
    """Set for an emulator; the region's own address otherwise. Used to cancel jobs."""
    upload_url_ttl_s: Annotated[int, Field(ge=10, le=7 * 86_400)] = 3_600
    """Seconds for which a presigned URL starts an upload."""
    upload_content_types: CommaSeparated = VIDEO_TYPES
    """The content types that are accepted, separated by commas."""
    s3_public_endpoint_url: Url | None = None
    """S3's address as the browser reaches it, where that isn't the service's own."""
    playback_base_url: Url | None = None
    """Where the output bucket is served (CloudFront); without it no job has a playback_url."""
    playback_key_pair_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")] | None = None
    """CloudFront's id of the key whose private half signs playback's cookies; without it no cookie is given."""
    playback_private_key: SecretStr | None = None
    """That private half: RSA, 2048 bits, PEM."""
    playback_private_key_secret_arn: Annotated[str, Field(pattern=r"^arn:[^:]+:secretsmanager:.+$")] | None = None
    """The secret in Secrets Manager that holds it, in place of `playback_private_key`."""
    playback_cookie_ttl_s: Annotated[int, Field(ge=600, le=86_400)] = 3_600
    """Seconds for which such a cookie is good at most, and half of which at least; each look at the job renews it."""
    cors_allow_origins: CommaSeparated = ()
    """Origins whose pages may call this API, separated by commas; "*" for all."""
    auth_issuer: IssuerUrl | None = None
    """The OIDC identity provider whose tokens are accepted, as its tokens' `iss` says it; set with `auth_audience`."""
    auth_audience: Annotated[str, Field(min_length=1)] | None = None
    """What the tokens' `aud` must name; without it and `auth_issuer` the API is open."""
    uploads_per_minute: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Uploads that one caller may begin within a minute, counted by each process for itself; 0 for no limit."""
    tick_s: Annotated[float, Field(ge=0.05, le=60)] = 1.0
    """Seconds between two reads of what somebody watches, however many do."""
    fresh_s: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Seconds for which a job's row, once read, answers whoever asks for that job; with 0 it is read for each."""
    heartbeat_s: Annotated[float, Field(ge=0.05, le=300)] = 15.0
    """Seconds of silence on a stream after which it gets a comment, so that no proxy takes it for dead."""
    api_base_path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]*$")] = "/"
    """On Lambda: the path before every route's own, where API Gateway adds a stage's name or a mapping's."""
    web_dir: Path = Path("web/dist")
    """The folder of the built page, served at `/`; where it isn't there, `/` says what is missing."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8000

    @property
    def acceptance(self) -> Acceptance:
        """Which uploads are accepted."""
        return Acceptance(content_types=self.upload_content_types, max_bytes=self.upload_max_bytes)

    @model_validator(mode="after")
    def _access_is_on_or_off(self) -> Self:
        if (self.auth_issuer is None) != (self.auth_audience is None):
            missing = "AUTH_AUDIENCE" if self.auth_audience is None else "AUTH_ISSUER"
            raise ValueError(f"{missing} is missing: AUTH_ISSUER and AUTH_AUDIENCE are set both, or neither")
        return self

    @model_validator(mode="after")
    def _playback_is_signed_or_not(self) -> Self:
        keys = (self.playback_private_key, self.playback_private_key_secret_arn)
        if self.playback_key_pair_id is None and keys == (None, None):
            return self
        if self.playback_key_pair_id is None:
            raise ValueError("PLAYBACK_KEY_PAIR_ID is missing: a private key alone signs nothing")
        if (keys[0] is None) == (keys[1] is None):
            raise ValueError("PLAYBACK_KEY_PAIR_ID needs PLAYBACK_PRIVATE_KEY or PLAYBACK_PRIVATE_KEY_SECRET_ARN, one")
        if self.playback_base_url is None:
            raise ValueError("PLAYBACK_BASE_URL is missing: playback's cookies are for that address")
        if keys[0] is not None:
            from service.playback.signer import read_key  # noqa: PLC0415 -- cryptography, for those who sign only

            read_key(keys[0].get_secret_value())
        return self
