"""Decides whether a deployment may have an open API: one that everyone who knows its address can use. Pure."""

OPEN_ACCESS = (
    "the API would be open: everyone who knows its address could upload and watch, at your cost. Give PARAMETERS="
    '"AuthIssuer=https://… AuthAudience=…", or OPEN=yes if you want this'
)


class OpenAccessError(Exception):
    """The operator didn't confirm an open API; the message says what to give."""


def is_refused(auth_issuer: str, *, is_confirmed: bool) -> bool:
    """Return whether the deployment is refused, because its API would be open and the operator didn't confirm it."""
    return not auth_issuer and not is_confirmed


def demand_open_confirmed(auth_issuer: str, *, is_confirmed: bool) -> None:
    """Check that the API needs a token, or that the operator wants it open.

    Raises:
        OpenAccessError: the API would be open.
    """
    if is_refused(auth_issuer, is_confirmed=is_confirmed):
        raise OpenAccessError(OPEN_ACCESS)
