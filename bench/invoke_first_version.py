"""`python -m bench.invoke_first_version`: invokes the first version's handler, as Lambda does in one warm container.

It passes one event after the other for a given time. EventBridge's delivery and the wait for the next invocation, which
take time on AWS, take none here.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.aws_call_counter import COUNTS_FILE, read_counts, start_counting
from bench.job_events import backlog


def main(
    *,
    seconds: Annotated[float, typer.Option()] = 3.0,
    jobs: Annotated[int, typer.Option()] = 500,
    one_job: Annotated[bool, typer.Option(help="Handle the events on stdin, and print the AWS calls.")] = False,
) -> None:
    """Handle events of `jobs` jobs for `seconds` seconds, and print their number and rate."""
    start_counting()
    from bench.peers import first_version  # noqa: PLC0415 -- opens its clients when it is imported

    if one_job:
        print(json.dumps(_bill_of_one_job(json.load(sys.stdin))))  # noqa: T201
        return
    handled, began_s, began_cpu_s = 0, time.perf_counter(), time.process_time()
    for event in backlog(jobs=jobs, input_bucket=first_version.INPUT_BUCKET):
        first_version.on_job_event(json.loads(event), None)
        handled += 1
        if time.perf_counter() - began_s >= seconds:
            break
    took_s = time.perf_counter() - began_s
    cpu_us = 1e6 * (time.process_time() - began_cpu_s) / handled
    print(json.dumps({"handled": handled, "rate": handled / took_s, "cpu_us": cpu_us}))  # noqa: T201


def _bill_of_one_job(events: Sequence[Any]) -> dict[str, int]:
    """Return the AWS calls for an upload and its job's events."""
    from bench.peers import first_version  # noqa: PLC0415

    upload, *job_events = events
    job_id = first_version.on_upload(upload, None)
    for event in job_events:
        event["detail"]["jobId"] = job_id
        first_version.on_job_event(event, None)
    return {**read_counts(Path(os.environ[COUNTS_FILE])), "invocations": len(events)}


if __name__ == "__main__":
    typer.run(main)
