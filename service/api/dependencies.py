"""Who is calling: the dependency that every route but health and documentation takes.

With AUTH_ISSUER and AUTH_AUDIENCE set, a caller is the subject of a valid token; without them everybody is `OPEN`.
A token comes in the Authorization header only, never in a URL: URLs end up in logs and histories.
"""

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer as BearerScheme
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param

from service.access.caller import OPEN, Caller
from transcode.errors import MissingTokenError

if TYPE_CHECKING:
    from service.access.quota import UploadQuota
    from service.access.tokens import TokenVerifier


class _Access(SecurityBase):
    """One dependency that both gives the caller and describes the scheme; two would cost each request a tenth."""

    def __init__(self) -> None:
        self.scheme_name = "bearer"
        self.model = BearerScheme(
            bearerFormat="JWT",
            description="A token of the configured identity provider; none is needed where none is configured.",
        )

    async def __call__(self, request: Request) -> Caller:
        """Return who is calling.

        Raises:
            UnauthenticatedError: The token is missing, expired or wrong.
            IssuerUnavailableError: The identity provider's keys can't be had at the moment.
        """
        verifier: TokenVerifier | None = request.app.state.verifier
        if verifier is None:
            return OPEN
        scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
        if scheme.lower() != "bearer" or not token:
            raise MissingTokenError
        return Caller(sub=await verifier.subject(token))


Calling = Annotated[Caller, Depends(_Access())]
"""A route's parameter that asks for a caller: `caller: Calling`."""


async def beginning(request: Request, caller: Calling) -> Caller:
    """Return who is calling, having counted one more upload of theirs.

    Raises:
        TooManyUploadsError: It is one too many.
    """
    quota: UploadQuota | None = request.app.state.quota
    if quota is not None:
        await quota.take(caller.sub or f"address {request.client.host if request.client else 'unknown'}")
    return caller


Beginning = Annotated[Caller, Depends(beginning)]
"""A route's parameter that asks for a caller, where the route begins an upload."""
