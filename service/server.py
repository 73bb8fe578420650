"""The server of a container: uvicorn, which ends streams when it stops rather than wait for their clients to leave."""

import socket
import sys

import uvicorn
from fastapi import FastAPI

from service.settings import ServiceSettings

GRACE_S = 20
"""Seconds that requests under way get after SIGTERM; Fargate kills after 30."""
UNUSABLE_STATUS = 3


class Server(uvicorn.Server):
    """A server that tells streams and long polls to end before it waits for them."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        """`config` is of this app."""
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams and long polls, finish the requests under way, and close."""
        if (opened := getattr(self._app.state, "resources", None)) is not None:
            opened.live.end_watchers()
        await super().shutdown(sockets)


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT; exit with status 1 where the port is taken, 3 where the app can't start."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # service/request_log.py says more, of fewer
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = Server(app, config)
    server.run()
    if not server.started:
        sys.exit(UNUSABLE_STATUS)
