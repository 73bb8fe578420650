"""Receives the webhooks of `DEV_WEBHOOKS=1 make dev`, verifies them as your back end must, and prints them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Annotated

import uvicorn
from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local.system_processes import WEBHOOKS_PATH
from mediaconvert_status_client import WebhookError, verify_webhook
from transcode.settings import EnvironmentSettings, load


class ReceiverSettings(EnvironmentSettings):
    """The receiver's settings, from environment variables."""

    receiver_host: str = "127.0.0.1"
    receiver_port: Annotated[int, Field(ge=0, le=65535)] = 8004
    receiver_secret: Annotated[str, Field(repr=False)]
    """The secret with which the worker signs, `whsec_…`."""


def receiver_app(secret: str, print_line: Callable[[str], None]) -> Starlette:
    """Return the app. It responds 204 to a webhook that the secret signed, and 400 to any other request."""

    async def receive(request: Request) -> Response:
        try:
            webhook = verify_webhook(await request.body(), request.headers, secret)
        except WebhookError as error:
            print_line(f"refused a request: {error}")
            return PlainTextResponse(str(error), 400)
        # JSON has no character that could control the terminal.
        webhook_id, data = request.headers["webhook-id"], json.dumps(webhook["data"])
        print_line(f"{json.dumps(webhook['type'])[1:-1]} {json.dumps(webhook_id)[1:-1]}, signature verified: {data}")
        return Response(status_code=204)

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(routes=[Route(WEBHOOKS_PATH, receive, methods=["POST"]), Route("/healthz", health)])


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Receive until SIGTERM."""
    settings = load(ReceiverSettings)
    uvicorn.run(
        receiver_app(settings.receiver_secret, _print_line),
        host=settings.receiver_host,
        port=settings.receiver_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
