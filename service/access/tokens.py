"""Bearer tokens: a JWT of the configured identity provider, meant for this API, valid now. RS256 and ES256 only.

https://datatracker.ietf.org/doc/html/rfc8725
"""

import jwt

from service.access.issuer import ALGORITHMS, Issuer
from transcode.errors import ExpiredTokenError, InvalidTokenError

LEEWAY_S = 30
"""Seconds by which the provider's clock may differ from ours."""
LONGEST_TOKEN = 16_384
LONGEST_SUBJECT = 255


class TokenVerifier:
    """Tells whose a token is."""

    def __init__(self, issuer: Issuer, *, audience: str) -> None:
        self._issuer = issuer
        self._audience = audience

    async def subject(self, token: str) -> str:
        """Return the token's subject.

        Raises:
            UnauthenticatedError: The token has expired, or is not one for this API.
            IssuerUnavailableError: The provider's keys can't be had at the moment.
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
            raise InvalidTokenError(_why(error)) from error
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
            raise InvalidTokenError("The token's subject can't be read.")
        return subject


def _key_id(token: str) -> str | None:
    """Return the id of the key that the token says it is signed with; refuse early what no key could verify."""
    if len(token) > LONGEST_TOKEN:
        raise InvalidTokenError("The token is too long.")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise InvalidTokenError("The token is no JSON Web Token.") from error
    if header.get("alg") not in ALGORITHMS:
        raise InvalidTokenError("The token is not signed with RS256 or ES256.")
    key_id = header.get("kid")
    return key_id if isinstance(key_id, str) else None


def _why(error: Exception) -> str:
    """Say what is wrong, in words that repeat nothing of the token."""
    match error:
        case jwt.InvalidAudienceError():
            return "The token is meant for another audience."
        case jwt.InvalidIssuerError():
            return "The token is another issuer's."
        case jwt.ImmatureSignatureError() | jwt.InvalidIssuedAtError():
            return "The token is not valid yet."
        case jwt.MissingRequiredClaimError():
            return "The token lacks one of exp, iss, aud and sub."
        case _:
            return "The token's signature or a claim of it is wrong."
