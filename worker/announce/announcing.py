"""The functions with which the worker's parts request announcements, and their form for a deployment without any."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Announce = Callable[[str | None], Awaitable[None]]
"""Announces the row with this key of the status table; None is no row. It raises no exception, and ends in seconds:
the row itself keeps the request, so reconciliation announces later what fails now."""
RequestDeleted = Callable[[str], Awaitable[str]]
"""Stores the request to announce that the upload of this input file was deleted, and returns its row's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionAnnouncements:
    """The announcements of a deletion: of the jobs that it ends, and of the deleted upload. `request` comes first."""

    request: RequestDeleted
    announce: Announce


async def announce_nothing(_key: str | None) -> None:
    """Do nothing: no subscriber is configured."""
