"""Fault injection: lost, repeated, late and reordered events, and failing requests. Pure."""

from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class CreateJobFailures(BaseModel):
    """The number of CreateJob requests that fail, and their HTTP status."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(default=0, ge=0, description="Number of the next CreateJob requests that fail.")
    status: Literal[403, 429, 500] = Field(default=429, description="HTTP status of their responses.")


class RequestFailures(BaseModel):
    """A period in which every request of the API fails, and the HTTP status. It begins when the settings are set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    for_s: float = Field(default=0, ge=0, le=86_400, description="Seconds for which every request fails.")
    status: Literal[429, 500] = Field(default=500, description="HTTP status of the responses.")


class Chaos(BaseModel):
    """The faults to inject.

    EventBridge delivers at least once and in no order. Without chaos the emulator sends each event once, in order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    duplicate_rate: float = Field(default=0, ge=0, le=1, description="Share of events sent twice.")
    drop_rate: float = Field(default=0, ge=0, le=1, description="Share of events never sent.")
    drop_final: bool = Field(default=False, description="True if COMPLETE, ERROR and CANCELED may be dropped too.")
    delay_max_s: float = Field(
        default=0, ge=0, le=3600, description="Maximum delay of each event; delays are distributed evenly."
    )
    reorder_rate: float = Field(default=0, ge=0, le=1, description="Share of events delayed until after later ones.")
    reorder_window_s: float = Field(default=2, ge=0, le=3600, description="Delay of a reordered event.")
    seed: int | None = Field(default=None, description="Seed of the random numbers, to repeat a run.")
    fail_create_job: CreateJobFailures = CreateJobFailures()
    fail_requests: RequestFailures = RequestFailures()


def delivery_delays_s(chaos: Chaos, random: Random, *, is_final: bool) -> tuple[float, ...]:
    """Return the delay of each copy of an event, in seconds; no delays means that the event is dropped.

    Each call draws five random numbers, so that one seed gives the same numbers at other rates.
    """
    drop, duplicate, reorder, first, second = (random.random() for _ in range(5))
    if drop < chaos.drop_rate and (chaos.drop_final or not is_final):
        return ()
    reorder_delay_s = chaos.reorder_window_s if reorder < chaos.reorder_rate else 0.0
    delay_s = reorder_delay_s + first * chaos.delay_max_s
    if duplicate < chaos.duplicate_rate:
        return (delay_s, delay_s + second * chaos.delay_max_s)
    return (delay_s,)
