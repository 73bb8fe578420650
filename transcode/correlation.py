"""The correlation ids: they follow one upload through service, queue, MediaConvert and worker, into logs and traces.

Pure. They travel as attributes of the service's messages, and as user metadata of the job, which MediaConvert repeats
in each of the job's events. Both can come from other senders, so a value without the format of its id is dropped.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

REQUEST_ID = re.compile(r"[A-Za-z0-9._:@+/=-]{4,128}")
TRACE_PARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""https://www.w3.org/TR/trace-context/#traceparent-header"""

_UPLOAD = re.compile(r"[0-9a-f]{16,64}")
_MILLISECONDS = re.compile(r"[0-9]{1,15}")

REQUEST_ID_KEY = "RequestId"
TRACE_PARENT_KEY = "traceparent"
UPLOAD_KEY = "Upload"
JOB_CREATED_KEY = "Made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """The correlation ids of one piece of work; each is None if unknown.

    `upload` is the upload's id. `request_id` is the id of the HTTP request that started the work. `trace_parent` is
    the span that started it (W3C). `job_created_ms` is the time at which its job was created (Unix milliseconds).
    """

    upload: str | None = None
    request_id: str | None = None
    trace_parent: str | None = None
    job_created_ms: int | None = None

    def as_log_fields(self) -> dict[str, str]:
        """Return the ids under their names in log lines."""
        return _without_none(upload=self.upload, request_id=self.request_id)

    def as_message_attributes(self) -> dict[str, str]:
        """Return the ids as attributes of a message to the worker."""
        return _without_none(**{REQUEST_ID_KEY: self.request_id, TRACE_PARENT_KEY: self.trace_parent})

    def as_user_metadata(self) -> dict[str, str]:
        """Return the ids as user metadata of a job, in the characters that MediaConvert accepts."""
        created = None if self.job_created_ms is None else str(self.job_created_ms)
        return _without_none(**{UPLOAD_KEY: self.upload, JOB_CREATED_KEY: created}, **self.as_message_attributes())


def parse_correlation(carrier: Mapping[str, str] | None, *, input_file: str | None = None) -> Correlation:
    """Return the correlation ids in a message's attributes or a job's user metadata.

    >>> parse_correlation(
    ...     {"RequestId": "r-1234", "traceparent": "none"}, input_file="uploads/00112233445566778899aabb/a.mp4"
    ... )
    Correlation(upload='00112233445566778899aabb', request_id='r-1234', trace_parent=None, job_created_ms=None)
    """
    carrier = carrier or {}
    created = _matching(_MILLISECONDS, carrier.get(JOB_CREATED_KEY))
    return Correlation(
        upload=upload_of(input_file) if input_file else _matching(_UPLOAD, carrier.get(UPLOAD_KEY)),
        request_id=_matching(REQUEST_ID, carrier.get(REQUEST_ID_KEY)),
        trace_parent=_matching(TRACE_PARENT, carrier.get(TRACE_PARENT_KEY)),
        job_created_ms=int(created) if created else None,
    )


def upload_of(input_file: str) -> str:
    """Return the upload's id: the unguessable folder in its key, or a hash of a key that the service didn't choose."""
    folder = input_file.rpartition("/")[0].rpartition("/")[2]
    return folder if _UPLOAD.fullmatch(folder) else hashlib.sha256(input_file.encode()).hexdigest()[:32]


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _without_none(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
