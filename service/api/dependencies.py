"""The parameters that routes share: the caller, the app's resources, the ids of a job and an input file.

With AUTH_ISSUER and AUTH_AUDIENCE set, the caller is the subject of a valid token; without them every caller is `OPEN`.
A token comes in the Authorization header only, never in a URL, because URLs end up in logs and histories.
"""

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Path, Query, Request
from fastapi.openapi.models import HTTPBearer as BearerScheme
from fastapi.security.base import SecurityBase
from fastapi.security.utils import get_authorization_scheme_param

from service.access.address import caller_at
from service.access.caller import OPEN, Caller
from service.request_errors import MissingTokenError
from service.resources import Resources
from transcode.job_view import EXAMPLE_FILE, EXAMPLE_JOB

if TYPE_CHECKING:
    from service.access.quota import UploadQuota
    from service.access.tokens import TokenVerifier


class _Access(SecurityBase):
    """Authenticates the caller and describes the scheme in OpenAPI, as one dependency instead of two."""

    def __init__(self) -> None:
        self.scheme_name = "bearer"
        self.model = BearerScheme(
            bearerFormat="JWT",
            description="A token of the configured identity provider. Without a provider, no token is needed.",
        )

    async def __call__(self, request: Request) -> Caller:
        """Return the caller.

        Raises:
            UnauthenticatedError: The token is missing, expired or wrong.
            IssuerUnavailableError: The identity provider's keys can't be fetched at the moment.
        """
        verifier: TokenVerifier | None = request.app.state.verifier
        if verifier is None:
            return OPEN
        scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
        if scheme.lower() != "bearer" or not token:
            raise MissingTokenError
        return await verifier.caller(token)


access = _Access()
"""The access rule: `await access(request)` returns the caller."""

CurrentCaller = Annotated[Caller, Depends(access)]
"""The caller of a route: `caller: CurrentCaller`."""


def caller_name(request: Request, caller: Caller) -> str:
    """Return the name by which limits count the caller: the token's subject, or the address without a token."""
    return caller.sub or caller_at(request.client.host if request.client else None)


async def new_upload_caller(request: Request, caller: CurrentCaller) -> Caller:
    """Return the caller, after counting one more upload against their quota.

    Raises:
        TooManyUploadsError: The caller has used up the quota.
    """
    quota: UploadQuota | None = request.app.state.quota
    if quota is not None:
        await quota.count(caller_name(request, caller))
    return caller


NewUploadCaller = Annotated[Caller, Depends(new_upload_caller)]
"""The caller of a route that begins an upload."""


async def _resources(request: Request) -> Resources:
    """Return the resources that the app's lifespan opened. Async: FastAPI runs plain functions in its thread pool."""
    resources: Resources = request.app.state.resources
    return resources


AppResources = Annotated[Resources, Depends(_resources)]
"""The tables, buckets and readers of the app: `resources: AppResources`."""

InputFile = Annotated[
    str,
    Query(min_length=1, max_length=1024, description="The key that `POST /uploads` returned.", examples=[EXAMPLE_FILE]),
]
JobId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,100}$", description="The job's id.", examples=[EXAMPLE_JOB])]
