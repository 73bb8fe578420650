"""Finds the constant frame rate that fits the times of an input's pictures. Pure."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median

DEFAULT_FRAME_RATE = Fraction(25)
MIN_FRAME_RATE = 1
"""Of an output; a slide show has one picture in many seconds, but every segment needs one."""
MAX_FRAME_RATE = 120
STANDARD_FRAME_RATES = (
    tuple(Fraction(n, d) for n in (24, 30, 60, 120) for d in (1, 1001) if d == 1)
    + tuple(Fraction(n, 1001) for n in (24_000, 30_000, 60_000, 120_000))
    + (Fraction(25), Fraction(50))
)
FRAME_RATE_TOLERANCE = Fraction(1, 2000)
USUAL_GAP_FACTOR = Fraction(3, 2)


def standard_frame_rate(rate: Fraction | None, *, tolerance: Fraction = FRAME_RATE_TOLERANCE) -> Fraction:
    """Return a constant frame rate near `rate`: a standard rate if one is within the tolerance; from 1 to 120."""
    if not rate or rate <= 0:
        return DEFAULT_FRAME_RATE
    nearest = min(STANDARD_FRAME_RATES, key=lambda standard: abs(rate - standard))
    if abs(rate - nearest) <= nearest * tolerance:
        return nearest
    return min(max(rate.limit_denominator(1001), Fraction(MIN_FRAME_RATE)), Fraction(MAX_FRAME_RATE))


def measured_frame_rate(times: Sequence[int], time_base: Fraction, declared: Fraction | None) -> Fraction:
    """Return the frame rate of pictures that begin at `times`.

    Recordings of screens have long gaps, in which nothing moves. They don't count: the usual gap decides. A container's
    declared rate counts only if there are fewer than two pictures, because many containers declare the rate of their
    clock.

    Args:
        times: The times in units of the time base, in any order.
        time_base: The seconds of one unit.
        declared: The rate that the container declares, or None.
    """
    ordered = sorted(set(times))
    gaps = [later - earlier for earlier, later in pairwise(ordered)]
    if not gaps:
        return standard_frame_rate(declared)
    middle = Fraction(median(gaps))
    usual = [gap for gap in gaps if middle / USUAL_GAP_FACTOR <= gap <= middle * USUAL_GAP_FACTOR]
    length = sum(usual)
    # The clock's resolution limits the precision: at 1 ms, twelve gaps can't distinguish 29.97 from 30.
    tolerance = max(FRAME_RATE_TOLERANCE, Fraction(1, length))
    return standard_frame_rate(len(usual) / (length * time_base), tolerance=min(tolerance, Fraction(1, 50)))
