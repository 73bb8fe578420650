"""The function with which the worker's parts request an announcement, and its form for a deployment without any."""

from collections.abc import Awaitable, Callable

Announce = Callable[[str | None], Awaitable[None]]
"""Announces the row with this key of the status table; None is no row. It raises no exception, and ends in seconds:
the row itself keeps the request, so reconciliation announces later what fails now."""
RequestDeleted = Callable[[str], Awaitable[str | None]]
"""Stores the request to announce that the upload of this input file was deleted, and returns its row's key."""


async def request_nothing(_input_file: str) -> None:
    """Store nothing: no subscriber is configured."""


async def announce_nothing(_key: str | None) -> None:
    """Do nothing: no subscriber is configured."""
