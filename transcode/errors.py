"""Every error that a caller of ours can meet: one tree, one sentence each, a stable code, an HTTP status beside it."""


class TranscodeError(Exception):
    """Something that this system expects to go wrong, and has words for."""

    code = "internal_error"
    http_status = 500

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or (type(self).__doc__ or "").strip())


class UploadNotFoundError(TranscodeError):
    """No upload was announced under this input file."""

    code = "upload_not_found"
    http_status = 404


class JobNotFoundError(TranscodeError):
    """No job has this id, or its status has expired."""

    code = "job_not_found"
    http_status = 404


class UnauthenticatedError(TranscodeError):
    """The request needs a bearer token that this system's identity provider signed for it."""

    code = "invalid_token"
    http_status = 401


class MissingTokenError(UnauthenticatedError):
    """The request carries no bearer token, and this system answers nobody without one."""

    code = "missing_token"


class InvalidTokenError(UnauthenticatedError):
    """The token is not one that this system's identity provider signed for it."""


class ExpiredTokenError(UnauthenticatedError):
    """The token has expired; fetch another."""

    code = "expired_token"


class IssuerUnavailableError(TranscodeError):
    """The identity provider's keys can't be had at the moment; trying again is safe."""

    code = "identity_provider_unavailable"
    http_status = 503


class RequestTooLargeError(TranscodeError):
    """The request's body is larger than any that this route has a use for."""

    code = "request_too_large"
    http_status = 413


class TooManyUploadsError(TranscodeError):
    """The caller has begun more uploads within a minute than this system allows."""

    code = "too_many_uploads"
    http_status = 429

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 60) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class FollowedNotFoundError(TranscodeError):
    """Some of the files and jobs to follow are not there; the detail says which."""

    code = "followed_not_found"
    http_status = 404


class StreamingUnavailableError(TranscodeError):
    """Streams can't be had here; follow a job with GET /jobs/{job_id}/progress?wait_s=20 and If-None-Match instead."""

    code = "streaming_unavailable"
    http_status = 501


class UploadTooLargeError(TranscodeError):
    """The file is larger than this system accepts."""

    code = "upload_too_large"
    http_status = 413


class UnsupportedTypeError(TranscodeError):
    """The content type is not one of a video this system accepts."""

    code = "unsupported_content_type"
    http_status = 415


class AwsUnavailableError(TranscodeError):
    """AWS did not answer in time, or asked to be called less often; trying again is safe."""

    code = "aws_unavailable"
    http_status = 503


class InputFileGoneError(UploadNotFoundError):
    """The uploaded file is no longer there: upload it again."""

    code = "input_file_gone"


class JobFinalError(TranscodeError):
    """The job is over: it can't be cancelled any more."""

    code = "job_final"
    http_status = 409


class NothingToRetryError(TranscodeError):
    """The file's job runs, is complete, or is still to be made for the first time: there is nothing to try again."""

    code = "nothing_to_retry"
    http_status = 409


class RetryNotConfiguredError(TranscodeError):
    """This deployment makes no second job of a file: its service knows no uploads queue."""

    code = "retry_not_configured"
    http_status = 501


class UploadCompletedError(TranscodeError):
    """The upload is complete: nothing of it can be changed any more, and its job is made by itself."""

    code = "upload_completed"
    http_status = 409


class UploadIncompleteError(TranscodeError):
    """The parts are fewer bytes than were announced: send the rest."""

    code = "upload_incomplete"
    http_status = 409


class InvalidPartsError(TranscodeError):
    """S3 does not have the parts so: one is missing, changed, or smaller than 5 MiB without being the last."""

    code = "invalid_parts"
    http_status = 400
