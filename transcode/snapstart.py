"""Lambda SnapStart: the work that each copy of a snapshot does for itself.

Lambda initialises such a function once, when a version is published, and starts every container from a copy of its
memory, days later and many at a time. So nothing may be in that memory that must be new, unique or secret. AWS renews
the randomness of the operating system, and so of `secrets` and `uuid`, but not the state of Python's `random`.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

import os
import random
from collections.abc import Callable

INITIALIZATION_TYPE = "AWS_LAMBDA_INITIALIZATION_TYPE"
SNAPSTART = "snap-start"

RESTORE_TIMEOUT_S = 10
"""Seconds that Lambda allows for the start of a copy, after which it gives up the container."""


def is_snapshotted() -> bool:
    """Return whether Lambda makes a snapshot of this process at the end of its initialisation."""
    return os.environ.get(INITIALIZATION_TYPE) == SNAPSTART


def after_restore(work: Callable[[], None]) -> None:
    """Do the work now, or in each copy of the snapshot that Lambda is about to make of this process.

    The work must end within `RESTORE_TIMEOUT_S`. If it raises an exception, the container doesn't start.
    """
    if not is_snapshotted():
        work()
        return
    # Only AWS's runtime has this package, which has no types.
    from snapshot_restore_py import register_after_restore  # type: ignore[import-untyped]  # noqa: PLC0415

    register_after_restore(_start_copy, work)


def _start_copy(work: Callable[[], None]) -> None:
    random.seed()  # otherwise all copies draw the same request ids, retry delays and trace ids
    work()
