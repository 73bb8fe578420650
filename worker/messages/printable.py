"""Text from outside, made fit for a log line. Pure."""

from pydantic import ValidationError

MAX_REASON_CHARACTERS = 250


def printable(reason: str) -> str:
    """Return the reason for a log line and a message attribute, which must not contain control characters."""
    return "".join(character if character.isprintable() else "?" for character in reason[:MAX_REASON_CHARACTERS])


def wrong_fields(error: ValidationError) -> str:
    """Return the names of the fields that are wrong or missing, for a log line."""
    fields = ", ".join(".".join(map(str, line["loc"])) for line in error.errors())
    return printable(f"wrong or missing: {fields}")
