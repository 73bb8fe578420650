"""The filters of StartJobsQuery. Pure."""

from collections.abc import Callable, Sequence
from typing import Any

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.job import Job
from mediaconvert_emulator.json_types import JsonObject

MAX_VALUE_LENGTH = 100


def _codecs(job: Job, kind: str) -> set[str]:
    outputs: list[dict[str, Any]] = [
        output or {}
        for group in job.settings.get("outputGroups") or []
        for output in (group or {}).get("outputs") or []
    ]
    if kind == "audio":
        descriptions = [audio or {} for output in outputs for audio in output.get("audioDescriptions") or []]
    else:
        descriptions = [output.get("videoDescription") or {} for output in outputs]
    return {str((description.get("codecSettings") or {}).get("codec")) for description in descriptions}


FILTERS: dict[str, Callable[[Job, str], bool]] = {
    "queue": lambda job, value: job.queue == value.rpartition("/")[2],
    "status": lambda job, value: job.status == value,
    "fileInput": lambda job, value: value in job.spec.input.uri,
    "jobEngineVersionRequested": lambda _, __: False,
    "jobEngineVersionUsed": lambda _, __: False,
    "audioCodec": lambda job, value: value in _codecs(job, "audio"),
    "videoCodec": lambda job, value: value in _codecs(job, "video"),
    "errorCode": lambda job, value: job.error is not None and str(job.error.code) == value,
}
"""By filter key, the test of one value. Jobs have no engine version here."""


def check_filters(filters: Sequence[JsonObject]) -> None:
    """Check the filters of a request.

    Raises:
        BadRequestException: A filter has no key or no value, or a value is too long.
    """
    for index, item in enumerate(filters):
        if not item.get("key"):
            raise BadRequestException(f"/filterList/{index}: key is a required property")
        values = item.get("values") or []
        if not values:
            raise BadRequestException(f"/filterList/{index}/values: Should have at least 1 items")
        for number, value in enumerate(values):
            if len(value) > MAX_VALUE_LENGTH:
                raise BadRequestException(
                    f"/filterList/{index}/values/{number}: Should have at most {MAX_VALUE_LENGTH} characters"
                )


def query_jobs(jobs: Sequence[Job], filters: Sequence[JsonObject]) -> list[Job]:
    """Return the jobs that match every filter; a filter matches if one of its values does."""
    return [job for job in jobs if all(_matches(job, item) for item in filters)]


def _matches(job: Job, item: JsonObject) -> bool:
    return any(FILTERS[item["key"]](job, value) for value in item["values"])
