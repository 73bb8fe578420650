"""The limits of connections and requests before the application sees them: sizes, deadlines, and their number. Pure.

A client that is not authenticated yet can open connections and send bytes. These limits bound the memory, the time and
the open files that it can take. `service/http_protocol.py` applies them.
"""

from dataclasses import dataclass
from enum import Enum, auto

from service.live.limits import HELD_BYTES, PROCESS_BYTES

MAX_HEAD_BYTES = 32 * 1024
"""Size of the longest request line and headers together.

CloudFront accepts no more. A head that arrives slowly takes less memory than a stream (HELD_BYTES).
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
"""
MAX_URL_BYTES = 16 * 1024
"""Length of the longest URL. `GET /events` of fifty announced files takes 9 KB at most."""
MAX_HEADERS = 100
"""Headers of a request: the middleware reads all of them several times."""
MAX_PIPELINED = 16
"""Requests that may wait on a connection for the response to an earlier one; each takes memory."""

USABLE_FILES = 0.8
"""Share of the open files that may be connections; calls of AWS and the identity provider need the rest."""
USABLE_MEMORY = 0.9
"""Share of the memory that may be filled if every connection takes as much as a stream."""
MIN_CONNECTIONS = 32
RESERVED_CONNECTIONS = 16
"""Connections above the limit that serve health checks only."""
HEALTH_PATHS = frozenset({"/healthz", "/readyz"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """The number of connections, and the deadlines of each."""

    connections: int
    reserved: int = RESERVED_CONNECTIONS
    head_deadline_s: float = 15.0
    """Seconds from the connection, or from the first byte of a later request, to the end of the headers."""
    body_deadline_s: float = 60.0
    """Seconds from the end of the headers to the end of the body; 64 KiB take this long at 1.1 KB/s."""
    send_deadline_s: float = 60.0
    """Seconds for which a client may read nothing of a response that waits for it."""
    linger_s: float = 1.0
    """Seconds between a refusal and the end of the connection, so that a client that still sends can read it."""


def connection_limit(*, memory_bytes: int, open_files: int) -> int:
    """Return the number of connections of a process with this much memory and this many open files."""
    by_memory = (memory_bytes * USABLE_MEMORY - PROCESS_BYTES) / HELD_BYTES
    return max(MIN_CONNECTIONS, int(min(by_memory, open_files * USABLE_FILES)))


class Admission(Enum):
    """The treatment of a new connection."""

    SERVED = auto()
    REPLACES_WAITING = auto()
    """It is served, and the connection that has waited longest for a request is closed."""
    HEALTH_ONLY = auto()
    REFUSED = auto()


def admission(limits: ConnectionLimits, *, connections: int, waiting: int) -> Admission:
    """Return the treatment of a new connection.

    `connections` counts the open connections with the new one. `waiting` counts those without a complete request: they
    are silent, idle, or slow. So silent connections never prevent a client that sends a request from being served.
    """
    if connections <= limits.connections:
        return Admission.SERVED
    if waiting:
        return Admission.REPLACES_WAITING
    if connections <= limits.connections + limits.reserved:
        return Admission.HEALTH_ONLY
    return Admission.REFUSED
