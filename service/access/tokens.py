"""Verification of bearer tokens: a JWT that the configured identity provider signed for this API and that is valid now.

Only RS256 and ES256 signatures are accepted. https://datatracker.ietf.org/doc/html/rfc8725
"""

from collections.abc import Collection, Mapping

import jwt

from service.access.caller import Caller
from service.access.issuer import ALGORITHMS, Issuer
from service.request_errors import ExpiredTokenError, InvalidTokenError

LEEWAY_S = 30
"""Seconds by which the provider's clock may differ from ours."""
TOKEN_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""Values of the header `typ`, in lower case; a token may lack it. https://datatracker.ietf.org/doc/html/rfc9068"""
OTHER_TYPES = frozenset({"refresh", "offline", "logout", "registrationaccesstoken", "initialaccesstoken"})
"""Values of Keycloak's claim `typ`, in lower case, of tokens that are no access and no id tokens."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
"""In the claim `events` of a logout token, which identity providers send to back ends, not to callers."""
JOBS_SCOPE = "jobs:all"
"""The scope with which a caller sees the jobs of other programs that name no owner."""
MAX_TOKEN_CHARS = 16_384
MAX_SUBJECT_CHARS = 255


class TokenVerifier:
    """Verifies tokens and returns their callers. If `clients` names any, only tokens for these clients are valid."""

    def __init__(self, issuer: Issuer, *, audience: str, clients: Collection[str] = ()) -> None:
        self._issuer = issuer
        self._audience = audience
        self._clients = clients

    async def caller(self, token: str) -> Caller:
        """Return the token's subject, and the time until which the token is valid.

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
        _check_use(claims, self._clients)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_CHARS or not subject.isprintable():
            raise InvalidTokenError(
                f"The token's subject is not a printable text of 1 to {MAX_SUBJECT_CHARS} characters."
            )
        sees_followed_jobs = JOBS_SCOPE in _scopes(claims)
        return Caller(sub=subject, until_s=int(claims["exp"]) + LEEWAY_S, sees_followed_jobs=sees_followed_jobs)


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
    if str(header.get("typ", "JWT")).lower() not in TOKEN_TYPES:
        raise InvalidTokenError("The token is not an access token: its type is neither JWT nor at+jwt.")
    key_id = header.get("kid")
    return key_id if isinstance(key_id, str) else None


def _scopes(claims: Mapping[str, object]) -> frozenset[str]:
    """Return the token's scopes: `scope` (RFC 8693, section 4.2), or `scp`, as some providers name it."""
    scopes = claims.get("scope", claims.get("scp", ""))
    parts = scopes.split() if isinstance(scopes, str) else scopes if isinstance(scopes, list) else ()
    return frozenset(part for part in parts if isinstance(part, str))


def _check_use(claims: Mapping[str, object], clients: Collection[str]) -> None:
    """Refuse a token that isn't meant for calling an API, or that the provider issued to another client."""
    events = claims.get("events")
    if str(claims.get("typ", "")).lower() in OTHER_TYPES or (isinstance(events, dict) and LOGOUT_EVENT in events):
        raise InvalidTokenError("The token is not an access token.")
    if clients and claims.get("azp", claims.get("client_id")) not in clients:
        raise InvalidTokenError("The token was issued to another client.")


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
