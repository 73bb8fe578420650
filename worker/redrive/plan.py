"""The reason for which a message is in a dead-letter queue, and whether a worker could handle it now. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from transcode.job import Canceled, Completed, Failed, Progressed, WarningRaised
from worker.messages.events import CancelRequested, DeleteRequested, Ignored, IncomingEvent, ObjectCreated, Unparsed
from worker.messages.parser import MalformedMessageError, MessageParser
from worker.redrive.move_plan import duration
from worker.webhooks.webhook_message import WebhookMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message in a dead-letter queue. `attributes` include the reason that the worker or EventBridge wrote on it."""

    message_id: str
    body: str
    receipt: str = ""
    sent_s: int
    receives: int
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """A dead letter's content, the reason why it is here, and whether this version of the worker can parse it."""

    content: str
    reason: str
    is_parsable: bool


def diagnose(letter: DeadLetter, parser: MessageParser) -> Diagnosis:
    """Return the diagnosis of a dead letter.

    The worker writes its reason on a message, and EventBridge writes its error on an event that it couldn't deliver. A
    message without either was moved by its queue's redrive policy, after the maximum number of deliveries.
    """
    try:
        content = _webhook(letter.body) or _content(parser.parse_events(letter.body))
    except MalformedMessageError as error:
        reason = letter.attributes.get("Reason") or str(error)
        return Diagnosis(content="malformed", reason=reason, is_parsable=False)
    delivery_error = ": ".join(filter(None, (letter.attributes.get(name) for name in ("ERROR_CODE", "ERROR_MESSAGE"))))
    reason = letter.attributes.get("Reason") or delivery_error or "every delivery failed; see the worker's log"
    return Diagnosis(content=content, reason=reason, is_parsable=True)


def _webhook(body: str) -> str | None:
    try:
        return f"webhook {WebhookMessage.from_json(body).webhook_id}"
    except ValueError:
        return None


def _content(events: Sequence[IncomingEvent]) -> str:
    return ", ".join(map(_event, events)) or "no event"


def _event(event: IncomingEvent) -> str:
    match event:
        case ObjectCreated(input_file=input_file):
            return f"object {input_file}"
        case CancelRequested(job_id=None, input_file=input_file):
            return f"request to cancel object {input_file}"
        case CancelRequested(job_id=job_id):
            return f"request to cancel job {job_id}"
        case DeleteRequested(input_file=input_file):
            return f"request to delete object {input_file}"
        case Ignored(reason=reason):
            return f"ignored ({reason})"
        case Unparsed(reason=reason):
            return f"malformed record ({reason})"
        case Progressed() | WarningRaised() | Completed() | Failed() | Canceled():
            return f"{type(event).__name__} of job {event.job_id}"
        case _:
            assert_never(event)


def format_line(letter: DeadLetter, diagnosis: Diagnosis, *, now_s: int) -> str:
    """Return the dead letter as one line for a terminal, without unprintable characters."""
    text = (
        f"{letter.message_id}  {duration(now_s - letter.sent_s)} old  received {letter.receives} times  "
        f"{diagnosis.content}  because: {diagnosis.reason}"
    )
    return "".join(character if character.isprintable() else "?" for character in text)
