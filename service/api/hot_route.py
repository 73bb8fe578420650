"""A route class for the reads that clients repeat most: it calls the endpoint without FastAPI's dependency solving.

Solving and validating three parameters is most of what FastAPI adds to such a request (bench row "status of a hot
job"). The class serves usual requests only. FastAPI serves all others, and describes the route in OpenAPI, so that
both have the same errors. Telemetry and error handlers are outside the route, and see both alike.
"""

import re
from urllib.parse import unquote

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from service.api.dependencies import access

USUAL_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
USUAL_INPUT_FILE = re.compile(rb"input_file=((?:[A-Za-z0-9._~/-]|%[2-7][0-9A-F]){1,1024})")


class HotRoute(APIRoute):
    """A route whose endpoint has the parameters `caller`, `resources`, and the one that `usual_parameters` returns."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the endpoint for a usual request, and leave every other request to FastAPI."""
        parameters = usual_parameters(scope) if scope["method"] == "GET" else None
        if parameters is None:
            await super().handle(scope, receive, send)
            return
        request = Request(scope)
        caller = await access(request)
        response = await self.endpoint(**parameters, caller=caller, resources=request.app.state.resources)
        await response(scope, receive, send)


def usual_parameters(scope: Scope) -> dict[str, str] | None:
    """Return the valid job id of the path or the valid input file of the query, None if FastAPI has to look at it."""
    job_id = scope["path_params"].get("job_id")
    if job_id is not None:
        return {"job_id": job_id} if USUAL_ID.fullmatch(job_id) else None
    query = USUAL_INPUT_FILE.fullmatch(scope["query_string"])
    return {"input_file": unquote(query[1].decode("ascii"))} if query else None
