"""Who asks, and what they may see. Pure: how a caller proves who they are is `service.api.dependencies`'s business."""

from dataclasses import dataclass

from transcode.job import Job
from transcode.lookup import Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request: the subject of their token, or nobody in particular where access is off."""

    sub: str | None

    @property
    def owner(self) -> str | None:
        """Whose the uploads are that this caller announces; None where nobody owns anything."""
        return self.sub


OPEN = Caller(sub=None)
"""Whoever asks, where no identity provider is configured: all may see all."""


def may_see(caller: Caller, thing: Lookup | Job) -> bool:
    """Tell whether an upload or a job is the caller's; where access is off, everything is.

    What nobody announced belongs to nobody, and with access on nobody sees it.
    """
    return caller.sub is None or thing.owner == caller.sub
