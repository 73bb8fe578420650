"""The health routes for load balancers and orchestrators: is the process alive, and can it reach AWS?"""

from fastapi import APIRouter

from service.api.dependencies import AppResources
from service.api.problems import responses
from service.request_errors import HeadersTooLargeError
from service.views.bodies import Health
from transcode.errors import AwsUnavailableError

router = APIRouter(tags=["health"])


@router.get(
    "/healthz", operation_id="healthz", summary="Is the process alive?", responses=responses(HeadersTooLargeError)
)
async def healthz() -> Health:
    """Return 200, whatever the state of AWS."""
    return Health()


@router.get(
    "/readyz",
    operation_id="readyz",
    summary="Can it reach its tables and bucket?",
    responses=responses(AwsUnavailableError),
)
async def readyz(resources: AppResources) -> Health:
    """Return 200 if the service can reach its tables and bucket, 503 otherwise."""
    await resources.check()
    return Health()
