"""A read-only file at an http or https URL, which reads only the parts that are needed."""

import io
import urllib.error
import urllib.request
from email.message import Message
from email.utils import parsedate_to_datetime

BLOCK_BYTES = 256 << 10
MAX_BLOCKS = 64
TIMEOUT_S = 20.0
PARTIAL_CONTENT = 206


class HttpFailed(Exception):  # noqa: N818 (the name is a finding, not a fault of the program)
    """The server at the URL refused the request, or can't be reached; `status` is its HTTP status, or None."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"HTTP status {status}")
        self.status = status


class RangedFile(io.RawIOBase):
    """The file; `metadata` has the members of the API's Metadata that the server names."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._position = 0
        self._blocks: dict[int, bytes] = {}
        self.size_bytes = 0
        self.metadata: dict[str, object] = {}
        self._block(0)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Change the position; nothing is read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size_bytes}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes from the position: those up to the end of a block."""
        if self._position >= self.size_bytes:
            return b""
        number, start = divmod(self._position, BLOCK_BYTES)
        block = self._block(number)
        data = block[start : None if size < 0 else start + size]
        self._position += len(data)
        return data

    def read_start(self) -> bytes:
        """Return the start of the file."""
        return self._block(0)[:4096]

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            if len(self._blocks) >= MAX_BLOCKS:
                self._blocks.pop(next(iter(self._blocks)))
            self._blocks[number] = self._fetch(number * BLOCK_BYTES)
        return self._blocks[number]

    def _fetch(self, start: int) -> bytes:
        headers = {"Range": f"bytes={start}-{start + BLOCK_BYTES - 1}"}
        request = urllib.request.Request(self._url, headers=headers)  # noqa: S310 (the server checked the scheme)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 (as above)
                if response.status != PARTIAL_CONTENT and start:
                    raise HttpFailed(response.status)
                self._read_metadata(response.headers)
                data: bytes = response.read(BLOCK_BYTES)
                return data
        except urllib.error.HTTPError as error:
            raise HttpFailed(error.code) from error
        except (OSError, ValueError) as error:
            raise HttpFailed(None) from error

    def _read_metadata(self, headers: Message) -> None:
        get = headers.get
        total = (get("Content-Range") or "").rpartition("/")[2] or get("Content-Length") or "0"
        self.size_bytes = int(total) if total.isdigit() else 0
        self.metadata = {"fileSize": self.size_bytes}
        if tag := get("ETag"):
            self.metadata["eTag"] = tag.strip('"')
        if media_type := get("Content-Type"):
            self.metadata["mimeType"] = media_type
        if modified := get("Last-Modified"):
            self.metadata["lastModified"] = int(parsedate_to_datetime(modified).timestamp())
