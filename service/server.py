"""The server of a container: uvicorn, which ends streams when it stops rather than wait for their clients to leave."""

import socket
import sys

import uvicorn
from fastapi import FastAPI

from service.settings import ServiceSettings
from transcode import gc_tuning

GRACE_S = 20
"""Seconds that requests under way get after SIGTERM; Fargate kills after 30."""
KEEP_ALIVE_S = 130
"""Seconds that a connection without requests stays open.

A load balancer keeps its own for 120 (infra/fargate.yaml), and answers 502 to a request that it sends on one which the
other end is just closing; so the other end must not be the first.
"""
UNUSABLE_STATUS = 3


class Server(uvicorn.Server):
    """A server that tells streams and long polls to end before it waits for them."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        """`config` is of this app."""
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and spare the collector what stays until the end."""
        await super().startup(sockets)
        gc_tuning.freeze_startup_objects()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams and long polls, finish the requests under way, and close."""
        if (opened := getattr(self._app.state, "resources", None)) is not None:
            opened.hub.end_watchers()
        await super().shutdown(sockets)


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT; exit with status 1 where the port is taken, 3 where the app can't start."""
    server = Server(app, configuration(app, settings))
    server.run()
    if not server.started:
        sys.exit(UNUSABLE_STATUS)


def configuration(app: FastAPI, settings: ServiceSettings) -> uvicorn.Config:
    """Return what uvicorn is told."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # service/api/middleware/request_log.py says more, of fewer
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
