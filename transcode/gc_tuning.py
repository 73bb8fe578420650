"""Tuning of Python's garbage collector: it skips the objects that a process keeps from its start to its end.

While a process starts, imports and AWS's service models create hundreds of thousands of objects that stay. The
collector would walk all of them again and again, during the start and in each request after it, and find nothing to
free (bench row "Lambda cold start, import and first request").
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_during_start() -> Iterator[None]:
    """Turn the collector off inside the context; at its end, exclude all existing objects, garbage included."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


THRESHOLDS = (10_000, 10, 10)
"""By default, Python begins a collection after 700 new objects. A service with thousands of streams then walks the
objects of its streams several times for one event (bench row "streams": processor time per event and client). Larger
numbers make an event no cheaper, and let more garbage wait (bench row "memory").
"""


def freeze_startup_objects() -> None:
    """Collect the garbage, exclude all existing objects from later collections, and collect less often from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
