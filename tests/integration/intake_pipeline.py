"""A worker with both of its queues, of which a test handles one message after another."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from local.provision import Stack
from tests.integration.process_settings import worker_settings
from transcode.aws import Aws
from worker.assembly import open_handler, open_intake
from worker.deliveries import DeliveryHandler
from worker.outcomes import Message, Outcome
from worker.queue import Queue, open_queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The handlers of both queues, and the submission queue."""

    intake: DeliveryHandler
    submission: DeliveryHandler
    queue: Queue

    async def take_in(self, *messages: Message) -> Sequence[Outcome]:
        """Handle messages of the uploads queue."""
        outcomes = await self.intake.handle(messages)
        return [outcomes[each.message_id] for each in messages]

    async def queued(self, input_file: str, count: int = 1, *, is_kept: bool = False) -> Sequence[Message]:
        """Receive the file's messages from the submission queue, which other tests use too, and delete them."""
        found: list[Message] = []
        async with asyncio.timeout(20):
            while len(found) < count:
                received = await self.queue.receive(wait_s=1)
                found += [each for each in received if input_file in each.body]
                await self.queue.delete([each for each in received if each not in found])
        if not is_kept:
            await self.queue.delete(found)
        return found

    async def submit(self, message: Message) -> Outcome:
        """Handle a message of the submission queue."""
        return (await self.submission.handle([message]))[message.message_id]


async def open_pipeline(aws: Aws, stack: Stack, mediaconvert: str, **changes: object) -> Pipeline:
    """Return the handlers, with clients of their own."""
    settings = worker_settings(stack, mediaconvert).model_copy(update=changes)
    submission = await open_handler(aws, settings)
    return Pipeline(
        intake=await open_intake(aws, settings, submission),
        submission=submission,
        queue=await open_queue(await aws.sqs(), stack.submission_queue_url),
    )
