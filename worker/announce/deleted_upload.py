"""The request to announce that an upload was deleted. It is stored before the upload's rows become tombstones."""

from collections.abc import Callable
from dataclasses import dataclass

from transcode.job_view import file_view
from transcode.lookup import Lookup
from transcode.status_table import StatusTable
from worker.announce.announcer import Announcer


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionRequests:
    """Stores the requests. `clock` returns Unix seconds."""

    announcer: Announcer
    statuses: StatusTable
    clock: Callable[[], float]

    async def request(self, input_file: str) -> str:
        """Store what the rows of the upload and its newest job say, and return the key for the announcer.

        A repetition keeps what the first request stored, because the rows may be gone by then.
        """
        now_s = int(self.clock())
        lookup = await self.announcer.lookups.get(input_file, now_s=now_s, consistent=True, include_deleted=True)
        lookup = lookup or Lookup(input_file=input_file)
        job = None
        if lookup.job_id is not None:
            job = await self.statuses.get(lookup.job_id, now_s=now_s, consistent=True, include_deleted=True)
        view = file_view(
            job, lookup, place=None, now_ms=now_s * 1000, playback_base_url=self.announcer.playback_base_url
        )
        return await self.announcer.upload_deleted(view, owner=lookup.owner, deleted_s=now_s)
