"""The times at which rows of the status table and of the lookup table expire. Pure.

A row that lasts until its upload is deleted has no ExpirationTime.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """Seconds that a row lives after its last change; 0 stands for "until the upload is deleted" where it is allowed.

    `waiting_s` is for the rows of an upload that waits for its object or its job, and of a job that waits in
    MediaConvert's queue. The wait can be longer than `changed_s`, and nothing changes the rows during it. `source_s` is
    how long S3 keeps an uploaded object, `complete_s` how long a COMPLETE job stays. Both may be 0.
    """

    changed_s: int
    waiting_s: int
    source_s: int = 0
    complete_s: int = 0

    def with_source(self, *, now_s: int) -> int | None:
        """Return when a row expires that stays as long as the uploaded object, and as long as anything may wait.

        >>> Lifetimes(changed_s=1, waiting_s=10, source_s=7).with_source(now_s=100)
        110
        """
        return now_s + max(self.source_s, self.waiting_s) if self.source_s else None

    def complete(self, *, now_s: int) -> int | None:
        """Return when the rows of a job expire that becomes COMPLETE now.

        >>> Lifetimes(changed_s=1, waiting_s=10).complete(now_s=100) is None
        True
        """
        return now_s + self.complete_s if self.complete_s else None


def has_expired(row: Mapping[str, Any], *, now_s: int) -> bool:
    """Return whether the row counts as missing, although DynamoDB has not deleted it yet.

    >>> has_expired({"ExpirationTime": 5}, now_s=5), has_expired({}, now_s=5)
    (True, False)
    """
    return "ExpirationTime" in row and bool(row["ExpirationTime"] <= now_s)
