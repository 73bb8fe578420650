"""An upload in parts that goes on where an earlier one stopped, over the API's /s3 routes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from client.api_client import PASSING, ApiClient, RefusedError, content_type, refusal, size_bytes
from client.upload_state import Begun, UploadStates

MIB = 1024 * 1024
LEAST_PART_BYTES = 16 * MIB
"""A part is at least this long (S3 asks for 5 MiB): large enough to be quick, small enough to be sent again."""
MOST_PARTS = 10_000
PARTS_AT_ONCE = 4
ATTEMPTS = 5
FIRST_PAUSE_S = 0.5
FORBIDDEN_STATUS = 403
"""S3's answer to an address whose time is over: the next attempt asks for a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumableUpload:
    """One file's way to the API in parts; `uploaded` hears of bytes that are there, and of how many."""

    client: ApiClient
    api_url: str
    video: Path
    states: UploadStates
    uploaded: Callable[[int, int], None]

    async def run(self) -> str:
        """Send what is not there yet, and return the key of the file. What stops it leaves it to be resumed.

        Raises:
            RefusedError: the API or S3 refuses.
            httpx.TransportError: one of them can't be reached, after several attempts.
        """
        begun = self.states.find(self.api_url, self.video)
        try:
            sent = await self._sent(begun) if begun else {}
        except RefusedError as error:
            if begun and error.code == "upload_completed":
                self.states.forget(self.api_url, self.video)
                return begun.input_file
            if error.code != "upload_not_found":
                raise
            begun, sent = None, {}
        if begun is None:
            begun = await self._begin()
            self.states.keep(self.api_url, self.video, begun)
        await self._send_rest(begun, sent)
        await self._complete(begun, sent)
        self.states.forget(self.api_url, self.video)
        return begun.input_file

    async def _begin(self) -> Begun:
        whole_bytes = size_bytes(self.video)
        wish = {
            "filename": self.video.name,
            "type": content_type(self.video),
            "metadata": {"size": whole_bytes},
        }
        told = await self.client.ask("POST", "/s3/multipart", json=wish)
        part_bytes = max(LEAST_PART_BYTES, -(-whole_bytes // MOST_PARTS))
        return Begun(input_file=told["key"], upload_id=told["uploadId"], part_bytes=part_bytes)

    async def _sent(self, begun: Begun) -> dict[int, str]:
        """Return the parts that are there whole: entity tags by number."""
        listed = await self.client.ask("GET", _path(begun), params={"key": begun.input_file})
        return {
            part["PartNumber"]: part["ETag"]
            for part in listed
            if part["Size"] == self._length(begun, part["PartNumber"])
        }

    async def _send_rest(self, begun: Begun, sent: dict[int, str]) -> None:
        numbers = range(1, -(-size_bytes(self.video) // begun.part_bytes) + 1)
        self._report(begun, sent)
        left = iter([number for number in numbers if number not in sent])

        async def work() -> None:
            for number in left:
                sent[number] = await self._send(begun, number)
                self._report(begun, sent)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(PARTS_AT_ONCE):
                    group.create_task(work())
        except* (RefusedError, httpx.TransportError, OSError) as errors:
            raise _first(errors) from None

    async def _send(self, begun: Begun, number: int) -> str:
        """Send one part and return its entity tag; what may pass is tried again."""
        body = await asyncio.to_thread(self._read, begun, number)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                signed = await self.client.ask("GET", _path(begun, str(number)), params={"key": begun.input_file})
                answer = await self.client.s3.put(signed["url"], content=body)
                if answer.is_success:
                    return answer.headers["ETag"]
                raise refusal(answer)
            except (httpx.TransportError, RefusedError) as error:
                passes = not isinstance(error, RefusedError) or error.status in {*PASSING, FORBIDDEN_STATUS, 500}
                if attempt == ATTEMPTS or not passes:
                    raise
            await asyncio.sleep(FIRST_PAUSE_S * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    async def _complete(self, begun: Begun, sent: dict[int, str]) -> None:
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in sorted(sent.items())]
        path = _path(begun, "complete")
        try:
            await self.client.ask("POST", path, params={"key": begun.input_file}, json={"parts": parts}, timeout=600)
        except RefusedError as error:
            if error.code != "upload_completed":  # an earlier attempt's answer was lost
                raise

    def _read(self, begun: Begun, number: int) -> bytes:
        with self.video.open("rb") as file:
            file.seek((number - 1) * begun.part_bytes)
            return file.read(begun.part_bytes)

    def _length(self, begun: Begun, number: int) -> int:
        return min(begun.part_bytes, size_bytes(self.video) - (number - 1) * begun.part_bytes)

    def _report(self, begun: Begun, sent: dict[int, str]) -> None:
        self.uploaded(sum(self._length(begun, number) for number in sent), size_bytes(self.video))


def _path(begun: Begun, *rest: str) -> str:
    return "/".join(["/s3/multipart", quote(begun.upload_id, safe=""), *rest])


def _first(errors: BaseExceptionGroup) -> BaseException:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
