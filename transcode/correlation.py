"""The ids that follow one upload through service, queue, MediaConvert and worker, into every log line and trace.

Pure. They travel as attributes of a message of ours, and as user metadata of the job, which comes back in each of its
events. What comes in is anybody's: what isn't in the shape of an id is left out.
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
MADE_KEY = "Made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """What is known of where a piece of work comes from.

    `upload` is the upload's id, `request_id` that of the request that asked for the work, `trace_parent` the span that
    did (W3C), `made_ms` when its job was made (Unix milliseconds).
    """

    upload: str | None = None
    request_id: str | None = None
    trace_parent: str | None = None
    made_ms: int | None = None

    def as_log_fields(self) -> dict[str, str]:
        """Return the ids by the names that they have in every log line."""
        return _present(upload=self.upload, request_id=self.request_id)

    def as_message_attributes(self) -> dict[str, str]:
        """Return what a message of ours carries beside its body."""
        return _present(**{REQUEST_ID_KEY: self.request_id, TRACE_PARENT_KEY: self.trace_parent})

    def as_user_metadata(self) -> dict[str, str]:
        """Return what a job carries, in the characters that MediaConvert takes."""
        made = None if self.made_ms is None else str(self.made_ms)
        return _present(**{UPLOAD_KEY: self.upload, MADE_KEY: made}, **self.as_message_attributes())


def correlation_of(carried: Mapping[str, str] | None, *, input_file: str | None = None) -> Correlation:
    """Return the correlation that a message's attributes or a job's user metadata carry.

    >>> correlation_of(
    ...     {"RequestId": "r-1234", "traceparent": "none"}, input_file="uploads/00112233445566778899aabb/a.mp4"
    ... )
    Correlation(upload='00112233445566778899aabb', request_id='r-1234', trace_parent=None, made_ms=None)
    """
    carried = carried or {}
    made = _shaped(_MILLISECONDS, carried.get(MADE_KEY))
    return Correlation(
        upload=upload_of(input_file) if input_file else _shaped(_UPLOAD, carried.get(UPLOAD_KEY)),
        request_id=_shaped(REQUEST_ID, carried.get(REQUEST_ID_KEY)),
        trace_parent=_shaped(TRACE_PARENT, carried.get(TRACE_PARENT_KEY)),
        made_ms=int(made) if made else None,
    )


def upload_of(input_file: str) -> str:
    """Return the upload's id: the folder that makes its key unguessable, or a hash of a key made by somebody else."""
    folder = input_file.rpartition("/")[0].rpartition("/")[2]
    return folder if _UPLOAD.fullmatch(folder) else hashlib.sha256(input_file.encode()).hexdigest()[:32]


def _shaped(shape: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and shape.fullmatch(value) else None


def _present(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
