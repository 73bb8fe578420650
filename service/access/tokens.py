"""Verification of bearer tokens: a JWT that the configured identity provider signed for this API and that is valid now.

Only RS256 and ES256 signatures are accepted. https://datatracker.ietf.org/doc/html/rfc8725
"""

import jwt

from service.access.issuer import ALGORITHMS, Issuer
from transcode.errors import ExpiredTokenError, InvalidTokenError

LEEWAY_S = 30
"""Seconds by which the provider's clock may differ from ours."""
MAX_TOKEN_CHARS = 16_384
MAX_SUBJECT_CHARS = 255


class TokenVerifier:
    """Verifies tokens and returns their subjects."""

    def __init__(self, issuer: Issuer, *, audience: str) -> None:
        self._issuer = issuer
        self._audience = audience

    async def subject(self, token: str) -> str:
        """Return the token's subject.

        Raises:
            UnauthenticatedError: The token has expired, or is not valid for this API.
            IssuerUnavailableError: The provider's keys can't be fetched at the moment.
        """
        key = await self._issuer.key(_key_id(token))
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer.url,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise ExpiredTokenError from error
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError, OverflowError) as error:
            raise InvalidTokenError(_reason(error)) from error
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_CHARS or not subject.isprintable():
            raise InvalidTokenError(
                f"The token's subject is not a printable text of 1 to {MAX_SUBJECT_CHARS} characters."
            )
        return subject


def _key_id(token: str) -> str | None:
    """Return the id of the key that the token's header names; refuse early a token that no key could verify."""
    if len(token) > MAX_TOKEN_CHARS:
        raise InvalidTokenError("The token is too long.")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise InvalidTokenError("The token is not a JSON Web Token.") from error
    if header.get("alg") not in ALGORITHMS:
        raise InvalidTokenError("The token is not signed with RS256 or ES256.")
    key_id = header.get("kid")
    return key_id if isinstance(key_id, str) else None


def _reason(error: Exception) -> str:
    """Return the reason why a token is invalid, without repeating any part of the token."""
    match error:
        case jwt.InvalidAudienceError():
            return "The token is meant for another audience."
        case jwt.InvalidIssuerError():
            return "The token comes from another issuer."
        case jwt.ImmatureSignatureError() | jwt.InvalidIssuedAtError():
            return "The token is not valid yet."
        case jwt.MissingRequiredClaimError():
            return "The token lacks one of exp, iss, aud and sub."
        case _:
            return "The token's signature or one of its claims is wrong."
