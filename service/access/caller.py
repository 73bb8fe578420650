"""The caller of a request, and the rule for what a caller may see.

Pure: `service.api.dependencies` authenticates callers.
"""

from dataclasses import dataclass

from transcode.job import Job
from transcode.lookup import Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The sender of a request: `sub` is the subject of its token, or None while access control is off."""

    sub: str | None
    until_s: int | None = None
    """Unix time in seconds after which the token is not valid, its tolerance included; None without a token."""
    sees_followed_jobs: bool = False
    """True if the token has the scope `jobs:all`: the caller may see the jobs of other programs that have no owner."""

    @property
    def owner(self) -> str | None:
        """The owner of the uploads that this caller announces; None while access control is off."""
        return self.sub


OPEN = Caller(sub=None)
"""Every caller, while no identity provider is configured. It may see everything."""


def may_see(caller: Caller, record: Lookup | Job) -> bool:
    """Return whether the caller may see an upload or a job: its owner may, and every caller while access is off.

    A file that no caller announced has no owner, so no caller may see it while access control is on. A job that another
    program created, without naming an owner, is for callers with the scope `jobs:all`.
    """
    if caller.sub is None or record.owner == caller.sub:
        return True
    is_unowned = isinstance(record, Job) and record.is_followed and record.owner is None
    return caller.sees_followed_jobs and is_unowned
