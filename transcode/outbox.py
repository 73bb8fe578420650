"""The rows of the status table that request an announcement, for ends that no job's row can record. No AWS calls.

The write that ends an upload without a job writes such a row too, in one transaction. Like the row of an open job it is
in the index of open jobs, where reconciliation finds it until it is announced.
"""

import zlib
from dataclasses import dataclass
from typing import Any

from transcode.announcement_types import AnnouncementType, announcement_id
from transcode.dynamodb import Update
from transcode.job import Failure
from transcode.row_mapping import attributes_of

OUTBOX_PREFIX = "outbox:"
OPEN_SHARDS = 16
"""Partition keys of the index. One key alone would limit all writes to one partition's 1,000 a second."""
KEPT_S = 14 * 86_400
"""Seconds after which a row expires, announced or not."""


def open_shard(row_key: str) -> int:
    """Return the row's partition key in the index of open jobs.

    >>> open_shard("1763798400123-a1b2c3")
    8
    """
    return zlib.crc32(row_key.encode()) % OPEN_SHARDS


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A request to announce something about an upload.

    `content` is the JSON of the announcement's content. Without it, the announcer reads the upload's row, and shows it
    as it was when the attempt ended: with this `failure`, or as canceled.
    """

    type: AnnouncementType
    input_file: str
    subject: str
    """The attempt, or the upload, that makes the id of the announcement."""
    time_s: int
    failure: Failure | None = None
    content: str | None = None

    @property
    def id(self) -> str:
        """The announcement's id."""
        return announcement_id(self.type, self.input_file, self.subject)

    @property
    def key(self) -> str:
        """The key of the row."""
        return OUTBOX_PREFIX + self.id

    def put(self, table: str) -> dict[str, Any]:
        """Return the arguments of the UpdateItem that writes the row. Safe to repeat."""
        update = Update().set(InputFile=self.input_file, Subject=self.subject).set_once(Content=self.content)
        update.set(**(attributes_of(self.failure) if self.failure else {}))
        update.set(AnnouncementType=self.type.value, Unannounced={self.type.value}, OpenShard=open_shard(self.key))
        update.set(ExpirationTime=self.time_s + KEPT_S).set_once(CreationTime=self.time_s)
        return {"TableName": table, "Key": {"JobId": {"S": self.key}}, **update.request()}
