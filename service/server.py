"""The server of a container: uvicorn that ends its streams at a stop, instead of waiting for their clients to leave."""

import socket
import sys
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI

from service.connection_limits import ConnectionLimits, connection_limit
from service.http_protocol import HttpProtocol, OpenConnections
from service.live.memory_limit import memory_bytes, open_files
from service.settings import ServiceSettings
from transcode import gc_tuning

GRACE_S = 20
"""Seconds after SIGTERM in which running requests may finish, and streams end within STOP_SPREAD_S; Fargate kills the
container after 30."""
KEEP_ALIVE_S = 130
"""Seconds that an idle connection stays open.

The load balancer keeps its connections for 120 (infra/fargate.yaml). If it sends a request on a connection that the
server is closing, the client gets 502. So the load balancer must be the first to close a connection.
"""
START_FAILED_EXIT_STATUS = 3


class Server(uvicorn.Server):
    """A server that ends streams and long polls before it waits for running requests."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        """`config` must belong to `app`."""
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and exclude the objects that exist now from garbage collection."""
        await super().startup(sockets)
        gc_tuning.freeze_startup_objects()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams and long polls, let the other requests finish, and close."""
        if (resources := getattr(self._app.state, "resources", None)) is not None:
            resources.hub.end_watchers(spread_s=resources.settings.stop_spread_s)
        await super().shutdown(sockets)


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT; exit with status 1 if the port is in use, 3 if the app can't start."""
    server = Server(app, configuration(app, settings))
    server.run()
    if not server.started:
        sys.exit(START_FAILED_EXIT_STATUS)


def configuration(app: FastAPI, settings: ServiceSettings) -> uvicorn.Config:
    """Return uvicorn's configuration."""
    limit = settings.max_connections or connection_limit(memory_bytes=memory_bytes(), open_files=open_files())
    protocol: Any = partial(HttpProtocol, others=OpenConnections(limits=ConnectionLimits(connections=limit)))
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol,
        ws="none",
        # Without named proxies no header changes the client's address, not even one from this machine.
        proxy_headers=bool(settings.forwarded_allow_ips),
        forwarded_allow_ips=settings.forwarded_allow_ips,
        log_config=None,
        access_log=False,  # service/api/middleware/request_log.py replaces it
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
