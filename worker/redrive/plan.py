"""Why a message lies in a dead-letter queue, and whether sending it back makes sense. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from worker.messages.parser import Ignored, MalformedMessageError, MessageParser, ObjectCreated


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that was given up; `attributes` are those that whoever gave it up wrote on it."""

    message_id: str
    body: str
    receipt: str = ""
    sent_s: int
    receives: int
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a dead letter is about, why it is here, and whether a worker of today could read it."""

    about: str
    why: str
    is_readable: bool


def judge(letter: DeadLetter, reader: MessageParser) -> Verdict:
    """Return what there is to say of the letter.

    The worker buries with its reason; EventBridge writes its own error on what it couldn't deliver. A message without
    either was moved by its queue's redrive policy, after as many deliveries as that allows.
    """
    try:
        about, is_readable = _about(reader.read(letter.body)), True
    except MalformedMessageError as error:
        return Verdict(about="malformed", why=letter.attributes.get("Reason") or str(error), is_readable=False)
    undelivered = ": ".join(filter(None, (letter.attributes.get(name) for name in ("ERROR_CODE", "ERROR_MESSAGE"))))
    why = letter.attributes.get("Reason") or undelivered or "every delivery failed; the worker's log says how"
    return Verdict(about=about, why=why, is_readable=is_readable)


def _about(meanings: Sequence[object]) -> str:
    said = []
    for meaning in meanings:
        match meaning:
            case ObjectCreated(input_file=input_file):
                said.append(f"object {input_file}")
            case Ignored(reason=reason):
                said.append(f"nothing of ours ({reason})")
            case event:
                said.append(f"{type(event).__name__} of job {getattr(event, 'job_id', '')}")
    return ", ".join(said) or "nothing"


def line(letter: DeadLetter, verdict: Verdict, *, now_s: int) -> str:
    """Return the letter as one line for a terminal, whatever characters are in it."""
    text = (
        f"{letter.message_id}  {_age(now_s - letter.sent_s)} old  received {letter.receives} times  "
        f"{verdict.about}  because: {verdict.why}"
    )
    return "".join(character if character.isprintable() else "?" for character in text)


def _age(seconds: int) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{max(0, seconds)} s"
