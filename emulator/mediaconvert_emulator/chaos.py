"""Deliberate disorder among the events, and failing CreateJobs. Pure: given the dice, it decides."""

from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class FailRule(BaseModel):
    """The next CreateJobs fail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(default=0, ge=0, description="How many of the next CreateJob requests fail.")
    status: Literal[403, 429, 500] = Field(default=429, description="The HTTP status that they get.")


class Chaos(BaseModel):
    """How events go astray. EventBridge promises at least once, in no order; by default this emulator is kinder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    duplicate_rate: float = Field(default=0, ge=0, le=1, description="Share of events sent twice.")
    drop_rate: float = Field(default=0, ge=0, le=1, description="Share of events never sent.")
    drop_final: bool = Field(default=False, description="Whether COMPLETE, ERROR and CANCELED may be dropped too.")
    delay_max_s: float = Field(default=0, ge=0, le=3600, description="Each event waits up to this long, evenly drawn.")
    reorder_rate: float = Field(default=0, ge=0, le=1, description="Share of events held back past later ones.")
    reorder_window_s: float = Field(default=2, ge=0, le=3600, description="How long those are held back.")
    seed: int | None = Field(default=None, description="Makes the disorder repeatable.")
    fail_create_job: FailRule = FailRule()


def deliveries(chaos: Chaos, dice: Random, *, is_final: bool) -> tuple[float, ...]:
    """After how many seconds each copy of an event is sent; none if it is dropped.

    Rolls the dice the same number of times whatever happens, so that a seed means the same under other rates.
    """
    drop, duplicate, reorder, first, second = (dice.random() for _ in range(5))
    if drop < chaos.drop_rate and (chaos.drop_final or not is_final):
        return ()
    held_s = chaos.reorder_window_s if reorder < chaos.reorder_rate else 0.0
    delay_s = held_s + first * chaos.delay_max_s
    if duplicate < chaos.duplicate_rate:
        return (delay_s, delay_s + second * chaos.delay_max_s)
    return (delay_s,)
