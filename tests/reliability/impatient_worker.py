"""`python -m tests.reliability.impatient_worker`: the worker, whose delays are shorter by the factor DELAY_SCALE.

A test of an outage takes seconds instead of hours with it. The factor is a setting of these tests only: the worker
itself has none.
"""

import os
from collections.abc import Sequence

from worker import __main__ as worker
from worker import rest, retry

SCALE = float(os.environ["DELAY_SCALE"])
MIN_REST_S = 0.05
"""Seconds of a shortened rest, at least, so that a test's worker doesn't do nothing but try."""


def main() -> None:
    """Shorten the delays of the retry rule and the rests of the pollers, and run the worker."""
    retry.FIRST_DELAY_S = max(1, round(retry.FIRST_DELAY_S * SCALE))
    retry.MAX_DELAY_S = max(1, round(retry.MAX_DELAY_S * SCALE))
    retry.FAILED_DELAYS_S = shortened(retry.FAILED_DELAYS_S)
    rest.FIRST_REST_S = max(MIN_REST_S, rest.FIRST_REST_S * SCALE)
    rest.MAX_REST_S = max(MIN_REST_S, rest.MAX_REST_S * SCALE)
    worker.main()


def shortened(delays_s: Sequence[int]) -> Sequence[int]:
    """Return the delays, each of a second at least, as SQS counts in seconds."""
    return tuple(max(1, round(delay_s * SCALE)) for delay_s in delays_s)


if __name__ == "__main__":
    main()
