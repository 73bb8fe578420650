"""The rules for how many clients a process may hold, how long it holds them, and when it sends them away. Pure.

A stream and a long poll each hold memory and an open file for as long as they last. A process that runs out of either
fails all of its clients, so it refuses one more client before that.
"""

from dataclasses import dataclass

PROCESS_BYTES = 150_000_000
"""Memory of the service without streams, under load (bench rows "memory" and "streams"), rounded up."""
HELD_BYTES = 40_000
"""Memory of a stream (bench row "streams": memory with all of them less memory before the first), rounded up."""
USABLE_MEMORY = 0.8
"""Share of the memory that the process may fill."""
USABLE_FILES = 0.75
"""Share of the open files that may be streams and long polls; health checks and AWS calls need the rest."""
STREAM_SHARE = 0.75
"""Share of the clients that may be streams; the others are long polls."""
MIN_HELD = 16
CALLER_SHARE = 0.25
"""Share of the streams, and of the long polls, that one caller may hold."""
MAX_OF_CALLER = 100
"""Streams, and long polls, of one caller, however many the process may hold: a page opens two."""

MIN_STREAM_S, MAX_STREAM_S = 2_700, 4_500
"""Range of the seconds after which a stream ends. Its client reconnects with a token that is still valid, maybe to
another server. The time is random, so that streams that began together don't end together."""
MIN_RETRY_MS, MAX_RETRY_MS = 1_000, 4_000
"""Range of the time until a client reconnects after its stream broke."""
MIN_RETRY_AFTER_S, MAX_RETRY_AFTER_S = 30, 90
"""Range of the seconds that a refused client waits before it opens a stream again."""

MIN_WAIT_S = 1.0
"""Seconds of the shortest long poll while there is room for another."""
FULL_WAIT_SHARE = 0.5
"""Share of the long polls up to which each of them gets the whole wait."""


POLL_PERIOD_S = 20
"""Seconds for which functions on Lambda add up their planned waits: the longest wait."""
MIN_ELAPSED_S = 2.0
"""Shortest part of a period that gives an average; polls that begin together would look like many more."""
EXECUTIONS_SHARE = 0.75
"""Share of the concurrent executions that long polls may take; other requests need the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The number of clients that a process may hold at a time."""

    streams: int
    long_polls: int


def capacity(*, memory_bytes: int, open_files: int) -> Capacity:
    """Return the capacity of a process with this much memory and this many open files."""
    by_memory = (memory_bytes * USABLE_MEMORY - PROCESS_BYTES) / HELD_BYTES
    held = max(MIN_HELD, int(min(by_memory, open_files * USABLE_FILES)))
    streams = int(held * STREAM_SHARE)
    return Capacity(streams=streams, long_polls=held - streams)


def caller_limit(limit: int) -> int:
    """Return the number of clients of one caller, if the process may hold `limit` of them in all."""
    return max(1, min(MAX_OF_CALLER, int(limit * CALLER_SHARE)))


def until_token_ends_s(seconds: float, *, now_s: float, token_until_s: float | None) -> float:
    """Return the part of a stream's life or a poll's wait in which the caller's token is valid.

    `token_until_s` is the Unix time at which the token ends, None without a token. A client resumes with a new token.
    """
    return seconds if token_until_s is None else max(0.0, min(seconds, token_until_s - now_s))


def wait_limit_s(max_wait_s: float, *, held: int, limit: int) -> float:
    """Return the longest wait of one more long poll: it shrinks with the room that is left.

    Below half of the limit the wait is `max_wait_s`. From there it falls in proportion to the room.
    """
    room = (limit - held) / (limit * (1 - FULL_WAIT_SHARE))
    return min(max_wait_s, max(MIN_WAIT_S, max_wait_s * room))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWaits:
    """The sum of the waits that all functions had planned in a period, at a time in Unix seconds."""

    seconds: float = 0.0
    period: int = -1
    at_s: float = 0.0


def average_polls(planned: PlannedWaits, *, now_s: float) -> float:
    """Return the number of long polls that wait at a time on average; 0 if the sum is older than two periods."""
    if now_s - planned.at_s > 2 * POLL_PERIOD_S:
        return 0.0
    elapsed_s = planned.at_s - planned.period * POLL_PERIOD_S
    return planned.seconds / max(MIN_ELAPSED_S, elapsed_s)


def wait_on_lambda_s(max_wait_s: float, *, polls: float, concurrency: int) -> float:
    """Return the longest wait of one more long poll among `polls`; 0 if there is no room, and so no poll is refused."""
    limit = concurrency * EXECUTIONS_SHARE
    if polls >= limit:
        return 0.0
    return min(max_wait_s, max_wait_s * (limit - polls) / (limit * (1 - FULL_WAIT_SHARE)))


def stream_life_s(draw: float) -> float:
    """Return the seconds after which a stream ends; `draw` is a random number from 0 to 1."""
    return MIN_STREAM_S + draw * (MAX_STREAM_S - MIN_STREAM_S)


def retry_ms(draw: float) -> int:
    """Return the milliseconds until a client should reconnect; `draw` is a random number from 0 to 1."""
    return round(MIN_RETRY_MS + draw * (MAX_RETRY_MS - MIN_RETRY_MS))


def retry_after_s(draw: float) -> int:
    """Return the seconds for which a refused client should poll; `draw` is a random number from 0 to 1."""
    return round(MIN_RETRY_AFTER_S + draw * (MAX_RETRY_AFTER_S - MIN_RETRY_AFTER_S))


def stop_delay_s(draw: float, *, spread_s: float) -> float:
    """Return the seconds after a stop signal at which a stream ends; `draw` is a random number from 0 to 1."""
    return draw * spread_s


def used_percent(*, held: int, limit: int) -> float:
    """Return the percentage of the limit that is used; scaling keeps its average below a target."""
    return round(100 * held / limit, 1)
