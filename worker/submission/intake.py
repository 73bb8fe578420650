"""The intake of uploads: the claim, the status QUEUED, and the message to the submission queue. Never a job.

It calls DynamoDB and SQS only, so a file shows QUEUED within seconds, however long MediaConvert is unavailable. If the
process dies at any line, the next delivery repeats all of them: the claim exists only once, and a second message in the
submission queue finds the job that the first one created.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from worker.key_table import KeyTable
from worker.messages.events import ObjectCreated
from worker.outcomes import Done, Message, Verdict
from worker.submission.cancel import Canceller, is_canceled
from worker.submission.new_claim import new_claim
from worker.submission.one_job import OneJobRule
from worker.submission.queued_upload import tenant
from worker.submission.submission_queue import SubmissionQueue

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Sends uploads to the submission queue. `clock` returns Unix seconds."""

    key_table: KeyTable
    one_job: OneJobRule
    canceller: Canceller
    queue: SubmissionQueue
    clock: Callable[[], float]

    async def submit(self, upload: ObjectCreated, message: Message) -> Verdict:
        """Make sure that the upload is claimed, shows QUEUED, and is in the submission queue. Safe to repeat.

        Raises:
            Exception: AWS returned an unexpected error; the worker should retry the message.
        """
        now_s = self.clock()
        claim = await self.key_table.open_claim(new_claim(upload, now_ms=int(now_s * 1000)))
        if claim.refused:
            await self.canceller.end_refused(claim, replaces=upload.replaces)
            return Done()
        lookup = await self.one_job.admit(upload, claim, now_s=int(now_s))
        if lookup is None:
            return Done()
        # A caller canceled a request for another job before its claim existed.
        if is_canceled(lookup, claim, replaces=upload.replaces) and await self.canceller.cancel_waiting(
            claim, is_leased=False
        ):
            return Done()
        await self.queue.send(upload, message, group=tenant(lookup.owner, upload.input_file))
        log.info("upload.queued", input_file=upload.input_file, waited_ms=message.waited_ms(self.clock()))
        return Done()
