"""The errors that the API returns: one class tree, each with one sentence, a stable code and an HTTP status.

An error's docstring is the text that callers and the OpenAPI document get, unless the code gives another detail. Here
are the root and the errors of uploads and jobs. Those of access, HTTP and limits are in `service/request_errors.py`.
"""


class TranscodeError(Exception):
    """An error that this system expects and describes to its callers."""

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


class TooManyUploadsError(TranscodeError):
    """The caller has started more uploads within a minute than this system allows."""

    code = "too_many_uploads"
    http_status = 429

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 60) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class TooManyUnfinishedUploadsError(TooManyUploadsError):
    """The caller's unfinished uploads have as many bytes as this system allows; finish or abort one of them."""

    code = "too_many_unfinished_uploads"


class FollowedNotFoundError(TranscodeError):
    """Some of the files and jobs to follow don't exist; the detail names them."""

    code = "followed_not_found"
    http_status = 404


class UploadTooLargeError(TranscodeError):
    """The file is larger than this system accepts."""

    code = "upload_too_large"
    http_status = 413


class UploadTooLongError(TranscodeError):
    """The video is longer than this system accepts."""

    code = "upload_too_long"
    http_status = 413


class UnknownProfileError(TranscodeError):
    """This deployment has no profile of this name."""

    code = "unknown_profile"
    http_status = 422


class UnsupportedTypeError(TranscodeError):
    """The content type is not one of those that this system accepts for the profile."""

    code = "unsupported_content_type"
    http_status = 415


class AwsUnavailableError(TranscodeError):
    """AWS did not respond in time, or throttled the request; retrying is safe."""

    code = "aws_unavailable"
    http_status = 503


class IdempotencyKeyReusedError(TranscodeError):
    """This Idempotency-Key is already used for another request; use a new one for each request."""

    code = "idempotency_key_reused"
    http_status = 422


class IdempotencyKeyInUseError(TranscodeError):
    """A request is outstanding for this Idempotency-Key; repeat this one later."""

    code = "idempotency_key_in_use"
    http_status = 409


class FilterTooBroadError(TranscodeError):
    """None of the newest uploads that one request can read matches the filter; set created_after, or use no filter."""

    code = "filter_too_broad"
    http_status = 422


class InputFileGoneError(UploadNotFoundError):
    """The uploaded file no longer exists; upload it again."""

    code = "input_file_gone"


class JobFinalError(TranscodeError):
    """The job has ended, so it can't be cancelled."""

    code = "job_final"
    http_status = 409


class FollowedJobError(TranscodeError):
    """Another program created the job, so only that program can cancel it."""

    code = "job_of_another_program"
    http_status = 409


class NothingToCancelError(TranscodeError):
    """The file has not been uploaded yet, so there is nothing to cancel."""

    code = "nothing_to_cancel"
    http_status = 409


class CancelNotConfiguredError(TranscodeError):
    """This deployment can't cancel a job: the service has no queue of job events configured."""

    code = "cancel_not_configured"
    http_status = 501


class DeleteNotConfiguredError(TranscodeError):
    """This deployment can't delete an upload: the service has no queue of job events configured."""

    code = "delete_not_configured"
    http_status = 501


class NothingToRetryError(TranscodeError):
    """The file's job is running, is complete, or has not been created yet, so there is nothing to retry."""

    code = "nothing_to_retry"
    http_status = 409


class RetriesExhaustedError(TranscodeError):
    """The file was retried as often as this system allows; upload it again."""

    code = "retries_exhausted"
    http_status = 409


class RetryNotConfiguredError(TranscodeError):
    """This deployment can't retry a job: the service has no uploads queue configured."""

    code = "retry_not_configured"
    http_status = 501


class UploadCompletedError(TranscodeError):
    """The upload is complete and can't be changed; its job is created automatically."""

    code = "upload_completed"
    http_status = 409


class UploadIncompleteError(TranscodeError):
    """The parts have fewer bytes than the caller announced; send the missing parts."""

    code = "upload_incomplete"
    http_status = 409


class UploadConflictError(TranscodeError):
    """S3 met another write of this file at the same time; begin a new upload and send the file again."""

    code = "upload_conflict"
    http_status = 409


class InvalidPartsError(TranscodeError):
    """S3 refused the parts: one is missing, has another ETag, or is smaller than 5 MiB and not the last."""

    code = "invalid_parts"
    http_status = 400
