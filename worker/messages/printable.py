"""Text from outside, made fit for a log line. Pure."""

MAX_REASON_CHARACTERS = 250


def printable(reason: str) -> str:
    """Return the reason for a log line and a message attribute, which must not contain control characters."""
    return "".join(character if character.isprintable() else "?" for character in reason[:MAX_REASON_CHARACTERS])
