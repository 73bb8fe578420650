"""The errors of access, of HTTP, and of the limits of a process and a caller: they know nothing of uploads and jobs.

`transcode/errors.py` has the root of their class tree, and the errors of uploads and jobs.
"""

from transcode.errors import TranscodeError


class UnauthenticatedError(TranscodeError):
    """The request needs a bearer token that the identity provider signed for this system."""

    code = "invalid_token"
    http_status = 401


class MissingTokenError(UnauthenticatedError):
    """The request has no bearer token, and this system refuses requests without one."""

    code = "missing_token"


class InvalidTokenError(UnauthenticatedError):
    """The token was not signed for this system by its identity provider."""


class ExpiredTokenError(UnauthenticatedError):
    """The token has expired; get a new one."""

    code = "expired_token"


class IssuerUnavailableError(TranscodeError):
    """The identity provider's keys can't be fetched at the moment; retrying is safe."""

    code = "identity_provider_unavailable"
    http_status = 503


class DirectAccessError(TranscodeError):
    """This URL is not public; use the public URL of this system."""

    code = "direct_access_refused"
    http_status = 403


class UnknownHostError(TranscodeError):
    """This service doesn't answer under the name in the request's Host header; ALLOWED_HOSTS lists its names."""

    code = "unknown_host"
    http_status = 421


class ForeignOriginError(TranscodeError):
    """The page of another origin sent this request; CORS_ALLOW_ORIGINS lists the origins that may."""

    code = "foreign_origin"
    http_status = 403


class RequestTooLargeError(TranscodeError):
    """The request's body is larger than this route accepts."""

    code = "request_too_large"
    http_status = 413


class InvalidHttpError(TranscodeError):
    """The request is not valid HTTP/1.1."""

    code = "invalid_http"
    http_status = 400


class HeadersTooLargeError(TranscodeError):
    """The request's headers are too long, or too many."""

    code = "headers_too_large"
    http_status = 431


class UrlTooLongError(TranscodeError):
    """The request's URL is too long; follow fewer files and jobs with one request."""

    code = "url_too_long"
    http_status = 414


class RequestTimeoutError(TranscodeError):
    """The request did not arrive in time; retrying is safe."""

    code = "request_timeout"
    http_status = 408


class TooManyConnectionsError(TranscodeError):
    """This process has as many connections as it can serve; retry later."""

    code = "too_many_connections"
    http_status = 503


class TooManyBodiesError(TranscodeError):
    """The bodies of other requests fill this process at the moment; retrying is safe."""

    code = "too_many_bodies"
    http_status = 503


class StreamingUnavailableError(TranscodeError):
    """Streaming is unavailable here; follow a job with GET /jobs/{job_id}/progress?wait_s=20 and If-None-Match."""

    code = "streaming_unavailable"
    http_status = 501


class ProcessFullError(TranscodeError):
    """This process holds as many clients as it can; the response says when to retry."""

    code = "process_full"
    http_status = 503

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 60) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class TooManyStreamsError(ProcessFullError):
    """All streams of this process are in use; poll instead, and open a stream again after the given time."""

    code = "too_many_streams"


class TooManyLongPollsError(ProcessFullError):
    """All long polls of this process are in use; poll without wait_s, and use it again after the given time."""

    code = "too_many_long_polls"


class CallerFullError(TranscodeError):
    """This caller holds as many streams or long polls as one caller may; the response says when to retry."""

    code = "caller_full"
    http_status = 429

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 60) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class TooManyStreamsOfCallerError(CallerFullError):
    """This caller has as many streams as one caller may have; poll instead, or follow more with each stream."""

    code = "too_many_streams_of_caller"


class TooManyLongPollsOfCallerError(CallerFullError):
    """This caller has as many long polls as one caller may have; poll without wait_s, or follow with a stream."""

    code = "too_many_long_polls_of_caller"


class TooManySearchesError(CallerFullError):
    """This caller's filters have skipped as many uploads as they may within a minute; retry after the given time."""

    code = "too_many_searches"
