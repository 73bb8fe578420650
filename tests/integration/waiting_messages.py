"""MediaConvert whose responses a test chooses, and the deliveries of a message that waits."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from worker.deliveries import DeliveryHandler
from worker.outcomes import Message, Outcome

DAY_S = 86_400


Response = tuple[int, str] | Exception


"""A status with AWS's error code, or what botocore raises."""


class Responses:
    """Responds in AWS's place to chosen calls of the handler's MediaConvert client, and lists all its calls."""

    def __init__(self, handler: DeliveryHandler) -> None:
        self.calls: list[str] = []
        self.by_call: dict[str, Response | Iterator[Response]] = {}
        client = handler.submitter.mediaconvert._client  # noqa: SLF001 -- only the client's own events see its calls
        client.meta.events.register("before-call", self._respond)  # type: ignore[arg-type]  # botocore takes its response

    def _respond(self, model: Any, **_: object) -> tuple[Any, Mapping[str, Any]] | None:  # noqa: ANN401 -- botocore's
        self.calls.append(model.name)
        response = self.by_call.get(model.name)
        match next(response, None) if isinstance(response, Iterator) else response:
            case None:
                return None
            case Exception() as error:
                raise error
            case (status, code):
                body = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
                return SimpleNamespace(status_code=status), body


def sent(message: Message, *, days_ago: float, deliveries: int = 400) -> Message:
    """Return the message as SQS delivers it after some days."""
    return replace(message, sent_ms=round((time.time() - days_ago * DAY_S) * 1000), deliveries=deliveries)


async def deliver(handler: DeliveryHandler, message: Message) -> Outcome:
    """Return the outcome of one delivery, handled as the poll loop does it."""
    screening = await handler.screen([message])
    outcomes = {**screening.outcomes, **await handler.handle(screening.ready)}
    for suspect in screening.suspects:
        outcomes |= await handler.handle_alone(suspect)
    return outcomes[message.message_id]


def later(handler: DeliveryHandler, seconds: float) -> DeliveryHandler:
    """Return the handler, with a clock that is ahead by these seconds."""

    def clock() -> float:
        return time.time() + seconds

    canceller = replace(handler.batch.canceller, clock=clock)
    submitter = replace(handler.submitter, clock=clock, canceller=canceller)
    batch = replace(handler.batch, submitter=submitter, canceller=canceller)
    return replace(handler, batch=batch, clock=clock)
