"""A connection's own memory: a process has thousands of connections with streams."""

from functools import partial

from fastapi import FastAPI
from uvicorn import Config
from uvicorn.server import ServerState

from service.connection_limits import ConnectionLimits
from service.http_protocol import HttpProtocol, OpenConnections

COMPACT_ATTRIBUTES = 30
"""CPython stores up to this number of an object's attributes without a table of their names (SHARED_KEYS_MAX_SIZE)."""


async def test_a_connection_stores_its_attributes_compactly() -> None:
    """A stream would take a kilobyte more (bench row "streams")."""
    others = OpenConnections(limits=ConnectionLimits(connections=1))
    config = Config(FastAPI(), http=partial(HttpProtocol, others=others), log_config=None)  # type: ignore[arg-type]
    connection = HttpProtocol(config, ServerState(), {}, others=others)
    assert len(vars(connection)) < COMPACT_ATTRIBUTES
    connection.url = b"/"  # uvicorn adds it with the first request
    assert len(vars(connection)) <= COMPACT_ATTRIBUTES
