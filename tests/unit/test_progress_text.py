"""A job's state as one line of a terminal or a log."""

from typing import Any, cast

import pytest

from mediaconvert_status_client.api_types import Job
from mediaconvert_status_client.progress_text import changing, state

QUEUED: dict[str, Any] = {
    "status": "QUEUED",
    "queue": {"ahead": 12, "eta_s": 95},
    "progress_percent": None,
    "phase": None,
    "eta_s": None,
}
RUNNING = {**QUEUED, "status": "PROGRESSING", "queue": None, "progress_percent": 40, "phase": "PROBING", "eta_s": 9}


@pytest.mark.parametrize(
    ("job", "text"),
    [
        (QUEUED, "QUEUED  12 ahead, about 95 s"),
        ({**QUEUED, "queue": {"ahead": 0, "eta_s": None}}, "QUEUED  0 ahead"),
        ({**QUEUED, "queue": None}, "QUEUED"),
        ({name: value for name, value in QUEUED.items() if name != "queue"}, "QUEUED"),
        (RUNNING, "PROGRESSING  40 %  PROBING  9 s left"),
        ({**RUNNING, "cancel_requested": True}, "Canceling…  40 %  PROBING  9 s left"),
    ],
)
def test_a_state_is_one_line(job: dict[str, Any], text: str) -> None:
    """It has the place of a waiting file, unless it is unknown or the deployment is older than places."""
    assert state(cast("Job", job)) == text


def test_a_changed_estimate_is_not_worth_a_line() -> None:
    """A changed number of files ahead is."""
    assert changed({"ahead": 12, "eta_s": 90}) == changed(QUEUED["queue"])
    assert changed({"ahead": 11, "eta_s": 95}) != changed(QUEUED["queue"])


def changed(queue: object) -> tuple[object, ...]:
    """Return the values of the waiting job with this place."""
    return changing(cast("Job", {**QUEUED, "queue": queue}))
