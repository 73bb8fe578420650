"""The access log tells of requests, not of every few seconds' health check."""

import logging

import pytest

from service.server import WithoutGoodHealth


@pytest.mark.parametrize(
    ("path", "status", "is_written"),
    [
        ("/healthz", 200, False),
        ("/readyz", 200, False),
        ("/readyz?verbose=1", 200, False),
        ("/readyz", 503, True),
        ("/jobs/1", 200, True),
        ("/healthzz", 404, True),
    ],
)
def test_health_checks_that_went_well_are_not_logged(*, path: str, status: int, is_written: bool) -> None:
    """One that failed is, and so is every other request."""
    message = '%s - "%s %s HTTP/%s" %d'  # uvicorn's
    line = logging.makeLogRecord({"msg": message, "args": ("127.0.0.1:1", "GET", path, "1.1", status)})
    assert WithoutGoodHealth().filter(line) is is_written


def test_a_line_of_another_shape_is_kept() -> None:
    """What can't be read is no health check."""
    assert WithoutGoodHealth().filter(logging.makeLogRecord({"msg": "hello"})) is True
