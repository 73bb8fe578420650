"""The objects of the input bucket that have no job, and the queue to which a backfill sends them.

The messages are of the form Job Requested. No AWS type passes this boundary.
"""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transcode.job_requested import job_requested
from transcode.lookup import Lookup
from transcode.lookup_table import LookupTable
from transcode.permissions import Resource, allow
from worker.audit.findings import FoundObject
from worker.audit.listing import BATCH_SIZE as ROWS_AT_ONCE
from worker.audit.listing import PERMISSIONS as LISTING
from worker.audit.listing import Listing
from worker.backfill.selection import Candidate, Estimate, is_reserved, is_untaken
from worker.messages.events import ObjectCreated
from worker.messages.parser import MessageParser

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

PERMISSIONS = (
    LISTING
    | allow("dynamodb:PutItem", on=[Resource.INPUT_FILE_TABLE])
    | allow("sqs:SendMessage", on=[Resource.UPLOADS_QUEUE])
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UntakenObjects:
    """The objects of the input bucket. `profile` is that of the jobs of objects that no caller announced."""

    listing: Listing
    lookups: LookupTable
    parser: MessageParser
    profile: str
    default_profile: str

    async def pages(self, prefix: str, found: Estimate) -> AsyncIterator[Sequence[Candidate]]:
        """Yield the objects that may get a job, in pages of a hundred at most, and count all others in `found`."""
        async for listed in self.listing.objects(self.parser.input_bucket, prefix):
            for start in range(0, len(listed), ROWS_AT_ONCE):
                yield await self._untaken(listed[start : start + ROWS_AT_ONCE], found)

    async def _untaken(self, listed: Sequence[FoundObject], found: Estimate) -> Sequence[Candidate]:
        bodies = {each.key: _body(each, bucket=self.parser.input_bucket) for each in listed}
        rows = await self.listing.uploads(bodies)
        candidates = []
        for each in listed:
            found.listed += 1
            row = rows.get(each.key)
            if not isinstance(self.parser.parse_events(bodies[each.key])[0], ObjectCreated):
                found.ignored += 1
            elif not is_untaken(row):
                found.taken += 1
            else:
                candidates.append(
                    Candidate(
                        input_file=each.key,
                        size_bytes=each.size_bytes,
                        body=bodies[each.key],
                        profile=self.profile if row is None else row.get("Profile", self.default_profile),
                    )
                )
        return candidates

    async def reserve(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Make sure that each object has a row that accepts one version only; return those that accepted none so far.

        So S3's notification of the same object, which may wait in a queue, gets no second job. Safe to repeat.
        """
        for each in candidates:
            lookup = Lookup(input_file=each.input_file, profile=each.profile)
            await self.lookups.announce(lookup, now_s=time.time(), unless_exists=True)
        rows = await self.listing.uploads([each.input_file for each in candidates])
        return [each for each in candidates if is_reserved(rows.get(each.input_file))]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadsQueue:
    """The uploads queue, as a backfill sees it."""

    client: "SQSClient"
    url: str

    async def send(self, candidates: Sequence[Candidate]) -> Sequence[str]:
        """Send a message for each of up to ten objects; return the reasons for which SQS refused some."""
        response = await self.client.send_message_batch(
            QueueUrl=self.url,
            Entries=[{"Id": str(index), "MessageBody": each.body} for index, each in enumerate(candidates)],
        )
        return [each.get("Code", "unknown") for each in response.get("Failed", [])]


def _body(listed: FoundObject, *, bucket: str) -> str:
    """Return the message. A list names no sequencer and no version, so the ETag alone is the version."""
    return job_requested(
        bucket=bucket, key=listed.key, size_bytes=listed.size_bytes, etag=listed.etag, version_id=None, replaces=None
    )
