"""A page of a caller's uploads: the index says which files to read, and their rows what a caller sees of them.

A page before the end of the list has at least one upload, however rare the wanted ones are. So a request reads on until
it finds one. The index makes this cheap: DynamoDB skips entries that a filter excludes, a few thousand in a read. A
request that has read `MAX_QUERIES` times, or `MAX_FILES` files, without a match ends with an error. A caller whose
requests skip much has to wait (`search_limit`).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from service.live.reader import JobReader
from service.live.search_limit import FILE_ENTRIES, SearchLimit
from service.live.upload_index import Entry, IndexFilter, UploadIndex
from service.request_errors import TooManySearchesError
from service.uploads.upload_filter import UploadFilter
from service.views.followed import FileKey, Followed
from transcode.errors import FilterTooBroadError, JobNotFoundError, UploadNotFoundError

MAX_QUERIES = 100
"""About 300,000 entries of the index, which takes DynamoDB a few seconds."""
MAX_FILES = 2_000
READ_AT_ONCE = 25
"""Least number of files that are read together; a BatchGetItem has up to a hundred."""
MAX_ENTRIES = 10_000
"""More entries than one megabyte has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPage:
    """Uploads, newest first, and the place after which the next page begins; None at the end."""

    uploads: Sequence[tuple[FileKey, Followed]]
    next_place: str | None


@dataclass(slots=True, kw_only=True)
class _Reading:
    """A page that is being filled."""

    limit: int
    uploads: list[tuple[FileKey, Followed]] = field(default_factory=list)
    files: int = 0
    queries: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.uploads) >= self.limit

    @property
    def unwanted(self) -> int:
        return self.files - len(self.uploads)

    @property
    def is_costly(self) -> bool:
        return self.queries >= MAX_QUERIES or self.files >= MAX_FILES

    def page(self, next_place: str | None, *, wait_s: int = 0) -> UploadPage:
        if next_place is not None and not self.uploads:
            raise TooManySearchesError(retry_after_s=wait_s) if wait_s else FilterTooBroadError
        return UploadPage(uploads=self.uploads, next_place=next_place)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLister:
    """Lists the uploads of one caller; `owner` is None while access control is off.

    `caller` is the name by which limits count the caller. `clock` returns Unix seconds.
    """

    index: UploadIndex
    reader: JobReader
    owner: str | None
    limit: SearchLimit
    caller: str
    clock: Callable[[], float]

    async def page(self, wanted: UploadFilter, *, limit: int, before: str | None) -> UploadPage:
        """Return up to `limit` wanted uploads before the place.

        Raises:
            FilterTooBroadError: No upload matches among those that one request may read, and there are more.
            TooManySearchesError: The caller's requests have skipped too much; the error says when to retry.
            AwsUnavailableError: DynamoDB throttles the reads.
        """
        in_index = IndexFilter(
            external_id=wanted.external_id, stages=wanted.stages, created_after_s=wanted.created_after_s
        )
        if in_index.is_selective and (wait_s := self._wait_s()):
            raise TooManySearchesError(retry_after_s=wait_s)
        reading, max_entries, place = _Reading(limit=limit), limit + 1, before
        while True:
            found = await self.index.page(self.owner, in_index, before=place, max_entries=max_entries)
            reading.queries += 1
            max_entries = min(max_entries * 8, MAX_ENTRIES) if in_index.is_selective else max_entries
            unwanted = reading.unwanted
            place = await self._read(found.entries, wanted, reading)
            skipped = found.skipped + FILE_ENTRIES * (reading.unwanted - unwanted)
            self.limit.record(self.caller, skipped, now_s=self.clock())
            if place is not None:
                is_last = found.next_place is None and place == found.entries[-1].place
                return reading.page(None if is_last else place)
            place = found.next_place
            if place is None or reading.is_costly or (in_index.is_selective and self._wait_s()):
                return reading.page(place, wait_s=0 if reading.is_costly else self._wait_s())

    def _wait_s(self) -> int:
        return self.limit.wait_s(self.caller, now_s=self.clock())

    async def _read(self, entries: Sequence[Entry], wanted: UploadFilter, reading: _Reading) -> str | None:
        """Add the wanted files to the page; return the last place that was read if the page ends there."""
        at = 0
        while at < len(entries):
            together = entries[at : at + max(READ_AT_ONCE, reading.limit - len(reading.uploads))]
            states = await asyncio.gather(*map(self._state, together))
            for entry, state in zip(together, states, strict=True):
                reading.files += 1
                if state is not None and wanted.matches(state.lookup, state.job):
                    reading.uploads.append((FileKey(entry.input_file), state))
                if reading.is_full:
                    return entry.place
            at += len(together)
            if reading.is_costly:
                return together[-1].place
        return None

    async def _state(self, entry: Entry) -> Followed | None:
        """Return the state of the file; None if it expired or was deleted, or its owner is not this caller."""
        try:
            state = await self.reader.follow(FileKey(entry.input_file))
        except (JobNotFoundError, UploadNotFoundError):
            return None
        is_own = state.lookup is not None and (self.owner is None or state.lookup.owner == self.owner)
        return state if is_own else None
