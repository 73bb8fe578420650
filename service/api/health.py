"""The routes that load balancers and orchestrators ask: is the process alive, can it reach AWS?"""

from fastapi import APIRouter

from service.api.dependencies import AppResources
from service.api.problems import responses
from service.views.bodies import Health
from transcode.errors import AwsUnavailableError

router = APIRouter(tags=["health"])


@router.get("/healthz", operation_id="healthz", summary="Is the process alive?")
async def healthz() -> Health:
    """Answer, whatever AWS does."""
    return Health()


@router.get(
    "/readyz",
    operation_id="readyz",
    summary="Can it reach its tables and bucket?",
    responses=responses(AwsUnavailableError),
)
async def readyz(resources: AppResources) -> Health:
    """Answer 200 if the tables and the bucket can be reached, 503 otherwise."""
    await resources.check()
    return Health()
