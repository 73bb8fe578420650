"""The types and ids of announcements. Pure, and without the API's schema, which the stores don't need."""

import hashlib
import json
from enum import StrEnum

from transcode.job import Status


class AnnouncementType(StrEnum):
    """The type of an announcement, as a webhook names it."""

    JOB_SUBMITTED = "job.submitted"
    JOB_COMPLETE = "job.complete"
    JOB_ERROR = "job.error"
    JOB_CANCELED = "job.canceled"
    UPLOAD_DELETED = "upload.deleted"

    @property
    def detail_type(self) -> str:
        """The type as an EventBridge event names it.

        >>> AnnouncementType.JOB_COMPLETE.detail_type
        'Job Complete'
        """
        return self.value.replace(".", " ").title()


TYPE_OF_END = {
    Status.COMPLETE: AnnouncementType.JOB_COMPLETE,
    Status.ERROR: AnnouncementType.JOB_ERROR,
    Status.CANCELED: AnnouncementType.JOB_CANCELED,
}
"""The types that announce the end of a job, by its final status."""


def announcement_id(announcement_type: AnnouncementType, *subject: str) -> str:
    """Return the id of the announcement about a job, or about an attempt of an upload.

    >>> announcement_id(AnnouncementType.JOB_COMPLETE, "1763798400123-a1b2c3")
    'evt_ac1f3d813e35f437d1b3ebc5c32c86f5'
    """
    text = json.dumps([announcement_type.value, *subject])
    return f"evt_{hashlib.sha256(text.encode()).hexdigest()[:32]}"
