"""The errors of API requests (HTTP statuses) and of jobs (MediaConvert's error codes). No framework, no AWS SDK."""

from http import HTTPStatus
from typing import ClassVar


class ApiError(Exception):
    """A request that the API refuses; the class name is the name of the exception that boto3 raises."""

    status: ClassVar[HTTPStatus]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadRequestException(ApiError):  # noqa: N818 (the API's own names, here and below)
    """The request is invalid, or needs a feature that is not emulated."""

    status = HTTPStatus.BAD_REQUEST


class ForbiddenException(ApiError):  # noqa: N818
    """The caller is not allowed to do this."""

    status = HTTPStatus.FORBIDDEN


class NotFoundException(ApiError):  # noqa: N818
    """The job, template or queue doesn't exist."""

    status = HTTPStatus.NOT_FOUND


class ConflictException(ApiError):  # noqa: N818
    """The resource's state doesn't allow this."""

    status = HTTPStatus.CONFLICT


class UnprocessableEntityException(ApiError):  # noqa: N818
    """The request is valid, but the file that it names is not media."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class TooManyRequestsException(ApiError):  # noqa: N818
    """The caller sent too many requests in too short a time; a retry is safe."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class InternalServerErrorException(ApiError):  # noqa: N818
    """The service failed; a retry is safe."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class JobError(Exception):
    """A job that fails, with MediaConvert's numeric code.

    https://docs.aws.amazon.com/mediaconvert/latest/ug/mediaconvert_error_codes.html
    """

    code: ClassVar[int] = 1999

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InputUnreadable(JobError):  # noqa: N818
    """The input is not a readable media file."""

    code = 1010


class NoVideo(JobError):  # noqa: N818
    """An output has video, but the input has none."""

    code = 1020


class NoAudio(JobError):  # noqa: N818
    """An output is audio only, but the input has no audio."""

    code = 1021


class CodecUnsupported(JobError):  # noqa: N818
    """The input's codec can't be decoded."""

    code = 1030


class SettingsUnusable(JobError):  # noqa: N818
    """The settings passed the API's checks, but the encoder refuses them."""

    code = 1040


class NoPictures(JobError):  # noqa: N818
    """The input has video, but no picture of it can be decoded."""

    code = 1060


class ClippingNotFound(JobError):  # noqa: N818
    """A clip is not in the input."""

    code = 1060


class AccessDenied(JobError):  # noqa: N818
    """S3 denies access to the input or to the output."""

    code = 1401


class LocationNotFound(JobError):  # noqa: N818
    """The input or the output's bucket doesn't exist."""

    code = 1404


class JobTimedOut(JobError):  # noqa: N818
    """A child process took too long."""

    code = 1522


class UnknownJobError(JobError):
    """Any other error."""

    code = 1999
