"""The exceptions of this package. Each has one line of text without secrets, and a stable `code`."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from mediaconvert_status_client.api_types import Job

TEMPORARY_STATUSES = frozenset({429, 500, 502, 503, 504})


class ClientError(Exception):
    """A step failed; the message is one line."""

    code: str = "failed"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or type(self).code

    @property
    def is_temporary(self) -> bool:
        """True if the same request may succeed later."""
        return False


class UnreachableError(ClientError):
    """The API or S3 sent no response."""

    code = "network"

    @property
    def is_temporary(self) -> bool:
        """True: the connection may work again."""
        return True


class RefusedError(ClientError):
    """The API or S3 refused a request; `status` is the HTTP status."""

    def __init__(self, message: str, *, status: int, code: str, retry_after_s: float = 0) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.retry_after_s = retry_after_s

    @property
    def is_temporary(self) -> bool:
        """True if the same request may succeed later."""
        return self.status in TEMPORARY_STATUSES


class ApiError(RefusedError):
    """The API refused a request; `code` is the API's code, or `http_<status>` if a proxy responded in its place."""


class StorageError(RefusedError):
    """S3 refused a file; `s3_code` is S3's code, such as AccessDenied, if it sent one."""

    code = "storage_refused"

    def __init__(self, message: str, *, status: int, s3_code: str | None) -> None:
        super().__init__(message, status=status, code=type(self).code)
        self.s3_code = s3_code


class UploadMissingError(ClientError):
    """The file didn't arrive in time, or the worker doesn't see it."""

    code = "no_job"


class TimedOutError(ClientError):
    """The job didn't end within the caller's time; it continues."""

    code = "timeout"


class EmptyFileError(ClientError):
    """The file has no bytes, so it was not sent."""

    code = "empty"


class JobFailedError(ClientError):
    """The job ended as ERROR or CANCELED; `job` has the reason."""

    code = "job_failed"

    def __init__(self, job: Job) -> None:
        super().__init__(failure_text(job))
        self.job = job


def api_error(response: httpx.Response) -> ApiError:
    """Return the error to raise for an unsuccessful response of the API."""
    try:
        body = response.json()
    except ValueError:
        body = response.text
    problem: Mapping[str, Any] = body if isinstance(body, dict) else {}
    code, detail = problem.get("code"), problem.get("detail", body)
    return ApiError(
        f"{_address(response)} responded {response.status_code}: {one_line(str(detail))}",
        status=response.status_code,
        code=code if isinstance(code, str) else f"http_{response.status_code}",
        retry_after_s=_retry_after_s(response),
    )


def storage_error(response: httpx.Response) -> StorageError:
    """Return the error to raise for an unsuccessful response of S3, whose errors are XML."""
    code, message = (_element(name, response.text) for name in ("Code", "Message"))
    detail = ": ".join(filter(None, [code, message])) or response.text
    return StorageError(
        f"{_address(response)} responded {response.status_code}: {one_line(detail)}",
        status=response.status_code,
        s3_code=code,
    )


def unreachable_error(error: httpx.TransportError, url: httpx.URL | str) -> UnreachableError:
    """Return the error to raise if there is no response from this URL."""
    return UnreachableError(f"{_without_query(url)} can't be reached: {str(error) or type(error).__name__}")


def failure_text(job: Job) -> str:
    """Return one line about a job that ended without being COMPLETE."""
    error = job["error"]
    return f"the job ended as {job['status']}" + (f" (code {error['code']}): {error['message']}" if error else "")


def one_line(text: str) -> str:
    """Return the first 300 characters of the text, on one line."""
    return " ".join(text.split())[:300]


def _address(response: httpx.Response) -> str:
    return _without_query(response.request.url)


def _without_query(url: httpx.URL | str) -> str:
    """Return the URL without its query, which may be signed: everyone who has it may use it."""
    return str(httpx.URL(url).copy_with(query=None))


def _element(name: str, xml: str) -> str | None:
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return found[1] if found else None


def _retry_after_s(response: httpx.Response) -> float:
    try:
        return max(0.0, float(response.headers.get("Retry-After", 0)))
    except ValueError:  # a date, which this API never sends
        return 0
