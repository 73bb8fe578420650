"""`python -m worker.backfill s3://bucket/prefix`: create jobs for objects that are in the input bucket already.

It prints an estimate first, and then sends a message for each object without a job to the uploads queue; the worker
creates the jobs. On a terminal it sends nothing without --yes. It can be stopped and run again at any time: an object
whose upload has or had a job, or was deleted, is skipped.
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass

from transcode.aws import Aws
from transcode.billing import MS_PER_MINUTE
from transcode.lookup_table import LookupTable
from transcode.startup import aws_of
from worker.assembly import message_parser
from worker.audit.listing import Listing
from worker.backfill.backfill import Backfill
from worker.backfill.job_cost import JobCost
from worker.backfill.objects import UntakenObjects, UploadsQueue
from worker.backfill.selection import Ceiling, UnusableBackfillError, prefix_of
from worker.redrive.terminal import print_line
from worker.settings import WorkerSettings
from worker.startup import worker_process
from worker.submission.prober import Prober

DEFAULT_PER_SECOND = 5
MAX_PER_SECOND = 500
PROBE_TIMEOUT_S = 20.0
UNUSABLE_STATUS = 2
INTERRUPTED_STATUS = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command. `is_confirmed` is true if it may send what it has estimated."""

    source: str
    profile: str | None = None
    is_dry_run: bool = False
    is_confirmed: bool = True
    limit: int | None = None
    max_billable_minutes: int | None = None
    per_second: int = DEFAULT_PER_SECOND


async def run(settings: WorkerSettings, options: Options) -> bool:
    """Run the backfill; return whether it did everything that it was run for.

    Raises:
        UnusableBackfillError: The command names something that can't be backfilled.
    """
    async with aws_of(settings) as aws:
        backfill = await open_backfill(aws, settings, options)
        found = await backfill.estimate()
        if options.is_dry_run or not found.objects:
            print_line("nothing was sent")
            return True
        if not options.is_confirmed:
            print_line("nothing was sent; --yes sends them")
            return False
        return await backfill.send(of=found.objects)


async def open_backfill(aws: Aws, settings: WorkerSettings, options: Options) -> Backfill:
    """Return the backfill, with clients that `aws` opens."""
    profiles = settings.profiles
    profile = options.profile or profiles.default
    prefix = prefix_of(options.source, input_bucket=settings.input_bucket, upload_prefix=settings.upload_prefix)
    if profile not in profiles.templates:
        raise UnusableBackfillError(f"unknown profile {profile}; there are {', '.join(profiles.names)}")
    dynamodb = await aws.dynamodb()
    mediaconvert = await aws.mediaconvert(endpoint_url=settings.mediaconvert_endpoint_url)
    tables = {"lookup_table": settings.input_file_table, "status_table": settings.status_table}
    prober = Prober(client=mediaconvert, input_bucket=settings.input_bucket, timeout_s=PROBE_TIMEOUT_S)
    minutes = options.max_billable_minutes
    return Backfill(
        objects=UntakenObjects(
            listing=Listing(await aws.s3(), dynamodb, **tables),
            lookups=LookupTable(dynamodb, settings.input_file_table, settings.lifetimes),
            parser=message_parser(settings),
            profile=profile,
            default_profile=profiles.default,
        ),
        queue=UploadsQueue(client=await aws.sqs(), url=settings.uploads_queue_url),
        cost=JobCost(
            client=mediaconvert,
            prober=prober if settings.probe else None,
            profiles=profiles,
            max_duration_s=settings.upload_max_duration_s,
        ),
        prefix=prefix,
        per_second=options.per_second,
        limit=options.limit,
        ceiling=Ceiling(limit_ms=None if minutes is None else minutes * MS_PER_MINUTE),
    )


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m worker.backfill", description=__doc__)
    parser.add_argument("source", metavar="s3://BUCKET/PREFIX", help="the input bucket, and how the keys begin")
    parser.add_argument("--profile", metavar="NAME", help="profile of objects that no caller announced")
    parser.add_argument("--dry-run", action="store_true", help="print the estimate, and send nothing")
    parser.add_argument("--yes", action="store_true", help="send; not needed where the output is no terminal")
    parser.add_argument("--limit", type=_positive, metavar="N", help="objects to send in this run")
    parser.add_argument(
        "--max-billable-minutes", type=_positive, metavar="M", help="billable minutes that this run may cost"
    )
    parser.add_argument(
        "--per-second", type=_per_second, default=DEFAULT_PER_SECOND, metavar="R", help="rate, 1 to 500 (5)"
    )
    given = parser.parse_args()
    return Options(
        source=given.source,
        profile=given.profile,
        is_dry_run=given.dry_run,
        is_confirmed=given.yes or not sys.stdout.isatty(),
        limit=given.limit,
        max_billable_minutes=given.max_billable_minutes,
        per_second=given.per_second,
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number of at least 1")
    return int(text)


def _per_second(text: str) -> int:
    if (number := _positive(text)) > MAX_PER_SECOND:
        raise argparse.ArgumentTypeError(f"must be at most {MAX_PER_SECOND}")
    return number


def main() -> None:
    """Run the command; exit with 1 if it isn't complete or AWS can't be reached, and with 2 if it can't be run so."""
    options = _options()
    with worker_process("backfill.unusable") as settings:
        try:
            is_complete = asyncio.run(run(settings, options))
        except UnusableBackfillError as error:
            print_line(str(error))
            sys.exit(UNUSABLE_STATUS)
        except KeyboardInterrupt:
            print_line("\nstopped; the same command goes on")
            sys.exit(INTERRUPTED_STATUS)
    sys.exit(0 if is_complete else 1)
