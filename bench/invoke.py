"""`python -m bench.invoke`: Lambda's part in the first version, in one container that is never cold.

It hands the handler one event after the other, for as long as it is told. Nothing is counted against the handler for
EventBridge's delivery and for the next invocation, which on AWS it waits for.
"""

import json
import time
from itertools import islice
from typing import Annotated

import typer

from bench.counting import count_here
from bench.events import backlog


def main(
    seconds: Annotated[float, typer.Option()] = 3.0,
    jobs: Annotated[int, typer.Option()] = 500,
    most: Annotated[int, typer.Option()] = 1_000_000,
) -> None:
    """Handle events of so many jobs for so many seconds, and print how many."""
    count_here()
    from bench.peers import first_version  # noqa: PLC0415 -- opens its clients when it is imported

    handled, began_s, began_cpu_s = 0, time.perf_counter(), time.process_time()
    for event in islice(backlog(jobs=jobs, input_bucket=first_version.INPUT_BUCKET), most):
        first_version.on_job_event(json.loads(event), None)
        handled += 1
        if time.perf_counter() - began_s >= seconds:
            break
    took_s = time.perf_counter() - began_s
    cpu_us = 1e6 * (time.process_time() - began_cpu_s) / handled
    print(json.dumps({"handled": handled, "rate": handled / took_s, "cpu_us": cpu_us}))  # noqa: T201


if __name__ == "__main__":
    typer.run(main)
