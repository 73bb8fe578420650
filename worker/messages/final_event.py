"""The parts of a final job event that can be parsed, if the whole can't. Pure.

ERROR, COMPLETE and CANCELED end a job. A field in an unexpected form must not keep the job open, so the field is left
out, and the rest counts.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from worker.messages.payloads import MAX_TIME_MS, UNKNOWN_ERROR, JobDetail, JobStateChange

FINAL_STATUSES = ("COMPLETE", "ERROR", "CANCELED")
NEEDED = frozenset({"jobId", "status"})
"""Fields without which the event ends no job."""
MAX_ROUNDS = 20
"""Validations of one event. Each round removes all faults of the round before; faults are nested less deeply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalEvent:
    """The details of a final event, and the names of the fields that were left out."""

    detail: JobDetail
    unparsed: Sequence[str]


def parse_final_event(payload: Mapping[str, Any], error: ValidationError) -> FinalEvent:
    """Return the parts of the event that can be parsed; `error` says which ones can't.

    Raises:
        ValidationError: The event is not final, or names no job.
    """
    detail = payload.get("detail")
    status = detail.get("status") if isinstance(detail, dict) else None
    if not isinstance(detail, dict) or not isinstance(status, str) or status not in FINAL_STATUSES:
        raise error
    detail, unparsed = copy.deepcopy(detail), list[str]()
    for _ in range(MAX_ROUNDS):
        for location in _locations(error):
            if location[0] in NEEDED:
                raise error
            unparsed.append(".".join(map(str, location)))
            _leave_out(detail, location, payload)
        try:
            parsed = JobStateChange.model_validate({"detail": detail}).detail
        except ValidationError as remaining:
            error = remaining
            continue
        return FinalEvent(detail=parsed, unparsed=unparsed)
    raise error


def _locations(error: ValidationError) -> list[tuple[int | str, ...]]:
    """Return the places of the faults below `detail`, the later items of a list before the earlier ones."""
    places = {line["loc"][1:] for line in error.errors(include_input=False, include_url=False)}
    if () in places:
        raise error
    return sorted(
        places, key=lambda place: [(isinstance(part, str), str(part).zfill(9)) for part in place], reverse=True
    )


def _leave_out(detail: dict[str, Any], location: tuple[int | str, ...], payload: Mapping[str, Any]) -> None:
    match location:
        case ("timestamp",):
            detail["timestamp"] = _sent_ms(payload)
        case ("errorCode",):
            words = [text for text in (detail["errorCode"], detail.get("errorMessage")) if isinstance(text, str)]
            detail.update(errorCode=UNKNOWN_ERROR, errorMessage=": ".join(filter(str.strip, words)))
        case _:
            _delete(detail, location)


def _delete(container: Any, location: tuple[int | str, ...]) -> None:  # noqa: ANN401 -- JSON
    """Delete the value at the location. If there is none, such as for a missing field, delete what lacks it."""
    *way, last = location
    for step in way[:-1]:
        container = container[step]
    try:
        del (container[way[-1]] if way else container)[last]
    except (KeyError, IndexError, TypeError):
        if way:
            del container[way[-1]]


def _sent_ms(payload: Mapping[str, Any]) -> int:
    """Return the time at which EventBridge got the event (Unix milliseconds); 1 if it is missing."""
    try:
        sent_ms = round(datetime.fromisoformat(payload["time"]).timestamp() * 1000)
    except (KeyError, TypeError, ValueError, OverflowError):
        return 1
    return sent_ms if 0 < sent_ms < MAX_TIME_MS else 1
