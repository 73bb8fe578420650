"""The service as an ASGI application in the test's own process, without a port, and a client of it."""

from collections.abc import AsyncIterator

import httpx

from service.app import create_app
from service.resources import Resources
from service.settings import ServiceSettings


async def serve(settings: ServiceSettings) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the running application."""
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://api") as api,
    ):
        yield api


def resources_of(api: httpx.AsyncClient) -> Resources:
    """Return the tables and buckets of the client's application."""
    resources: Resources = api._transport.app.state.resources  # type: ignore[attr-defined]  # noqa: SLF001 -- to look
    return resources


def upload_request(**changes: object) -> dict[str, object]:
    """Return the body of a request for an upload of five bytes."""
    return {"file_name": "clip.mp4", "content_type": "video/mp4", "size_bytes": 5, **changes}
