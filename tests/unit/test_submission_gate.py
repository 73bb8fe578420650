"""The gate of a submitter during an outage of MediaConvert."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from worker.gates import SubmissionGate
from worker.outcomes import Retry
from worker.rest import Rest
from worker.submission.hold_back import HoldBack
from worker.submission.pace import Pace
from worker.submission.pacer import StartedCalls

OUTAGE = Retry(reason="500", delay_s=5, is_outage=True)


def response(status: int, code: str) -> ClientError:
    """Return botocore's exception for an error response."""
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetQueue")  # type: ignore[typeddict-item]


@dataclass(slots=True)
class Submitter:
    """A submitter after a failed batch, and MediaConvert's answers to GetQueue."""

    answer: int | Exception
    now_s: float = 0
    rest: Rest = field(default_factory=Rest)

    def __post_init__(self) -> None:
        """Let its rest be over."""
        self.rest.record([OUTAGE], now_s=0)
        self.now_s = 1

    async def count(self) -> int:
        """Return or raise the answer."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def open(self) -> int:
        """Return how many messages the gate lets through."""
        slot: Any = SimpleNamespace(is_held=True)
        gate = SubmissionGate(
            slot=slot,
            rest=self.rest,
            pace=Pace(start_per_s=2),
            hold_back=HoldBack(limit=100),
            calls=StartedCalls(),
            count_waiting=self.count,
            clock=lambda: self.now_s,
        )
        return await gate.open(asyncio.Event())


@pytest.mark.parametrize(
    "answer",
    [
        response(500, "InternalServerErrorException"),
        response(429, "TooManyRequestsException"),
        EndpointConnectionError(endpoint_url="https://aws"),
    ],
)
async def test_no_upload_is_tried_while_mediaconvert_is_unavailable(answer: Exception) -> None:
    """The rest continues, twice as long. A failed CreateJob would cost the upload a search afterwards."""
    submitter = Submitter(answer)
    assert await submitter.open() == 0
    assert submitter.rest.remaining_s(now_s=submitter.now_s) == 2


async def test_one_upload_is_tried_when_mediaconvert_responds() -> None:
    """Only its success ends the careful time."""
    submitter = Submitter(3)
    assert await submitter.open() == 1
    assert submitter.rest.is_trying


async def test_a_denied_count_stops_no_upload() -> None:
    """The worker may be allowed to create jobs and not to count them."""
    assert await Submitter(response(403, "AccessDeniedException")).open() == 1
