"""`python -m worker.audit`: list what is left of deleted uploads, and what belongs to no upload. It changes nothing.

It reads all objects below the upload prefix in both buckets, and the rows of uploads and jobs. Objects that are younger
than --grace-s don't count, because an upload or a job may be writing them.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain

from transcode.startup import aws_of
from worker.audit.findings import (
    Findings,
    OddNames,
    Problem,
    is_unfinished,
    owners_of,
    place_of,
    problem_of_job,
    problem_of_object,
)
from worker.audit.listing import Listing
from worker.redrive.terminal import ProgressLine, print_line
from worker.settings import WorkerSettings
from worker.startup import worker_process

DEFAULT_GRACE_S = 3_600
INTERRUPTED_STATUS = 130


@dataclass(slots=True, kw_only=True)
class Audit:
    """One audit. `before_s` (Unix seconds) is the time before which objects and requests count."""

    listing: Listing
    before_s: float
    findings: Findings = field(default_factory=Findings)
    odd: OddNames = field(default_factory=OddNames)
    progress: ProgressLine = field(default_factory=lambda: ProgressLine(stream=sys.stderr))
    clock: Callable[[], float] = time.monotonic
    checked: int = 0

    async def check_objects(self, bucket: str, prefix: str, *, is_output: bool) -> None:
        """Compare each object of a bucket with the row of its upload. Call `check_rows` first."""
        async for page in self.listing.objects(bucket, prefix):
            old = {each.key: each for each in page if each.modified_s < self.before_s}
            owners = {key: owners_of(key, is_output=is_output, odd=self.odd) for key in old}
            uploads = await self.listing.uploads(set(chain.from_iterable(owners.values())))
            for key, each in old.items():
                if problem := problem_of_object(*map(uploads.get, owners[key])):
                    place = f"s3://{bucket}/{place_of(key, is_output=is_output)}"
                    self.findings.add(problem, place, size_bytes=each.size_bytes)
            self._count(len(page), f"objects of {bucket}")

    async def check_rows(self) -> None:
        """Look for deletions that have not ended, for jobs of uploads that were deleted, and for odd names."""
        async for page in self.listing.rows_of_uploads():
            for upload in page:
                self.odd.add(upload["InputFile"])
                if is_unfinished(upload, before_s=self.before_s):
                    self.findings.add(Problem.UNFINISHED, f"upload {upload['InputFile']}")
            self._count(sum("DeleteRequestedTime" in upload for upload in page), "deleted uploads")
        async for page in self.listing.jobs():
            uploads = await self.listing.uploads([job["InputFile"] for job in page])
            for job in page:
                if problem := problem_of_job(job, uploads.get(job["InputFile"])):
                    self.findings.add(problem, f"job {job['JobId']}")
            self._count(len(page), "jobs")

    def _count(self, number: int, what: str) -> None:
        self.checked += number
        self.progress.show(f"checked {self.checked:,}; now the {what}", now_s=self.clock())


async def run(settings: WorkerSettings, *, grace_s: float) -> Findings:
    """Run the audit, print what it found, and return it."""
    async with aws_of(settings) as aws:
        listing = Listing(
            await aws.s3(),
            await aws.dynamodb(),
            lookup_table=settings.input_file_table,
            status_table=settings.status_table,
        )
        audit = Audit(listing=listing, before_s=time.time() - grace_s)
        await audit.check_rows()
        await audit.check_objects(settings.input_bucket, settings.upload_prefix, is_output=False)
        await audit.check_objects(settings.output_bucket, settings.upload_prefix, is_output=True)
        audit.progress.end()
    for line in audit.findings.lines():
        print_line(line)
    print_line(f"checked {audit.checked:,} objects and rows: {len(audit.findings.by_place):,} problems")
    return audit.findings


def main() -> None:
    """Run the audit; exit with status 1 if it found something, or if AWS can't be reached."""
    parser = argparse.ArgumentParser(prog="python -m worker.audit", description=__doc__)
    parser.add_argument(
        "--grace-s",
        type=float,
        default=DEFAULT_GRACE_S,
        metavar="SECONDS",
        help="age from which objects and requests to delete count (3600)",
    )
    options = parser.parse_args()
    with worker_process("audit.unusable") as settings:
        try:
            findings = asyncio.run(run(settings, grace_s=options.grace_s))
        except KeyboardInterrupt:
            print_line("\nstopped")
            sys.exit(INTERRUPTED_STATUS)
    sys.exit(1 if findings.by_place else 0)
