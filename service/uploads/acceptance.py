"""Which uploads are accepted, by type and size. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from transcode.errors import UnsupportedTypeError, UploadTooLargeError

LARGEST_SINGLE_BYTES = 5 * 1024**3
"""S3's own limit for one PUT or POST; what is larger comes in parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What this deployment accepts."""

    content_types: Collection[str]
    max_bytes: int

    @property
    def max_single_bytes(self) -> int:
        """The largest file that may come in one request."""
        return min(self.max_bytes, LARGEST_SINGLE_BYTES)

    def check_type(self, content_type: str) -> None:
        """Return if files of this type are accepted, whatever its case and parameters (`video/webm;codecs=vp9`).

        Raises:
            UnsupportedTypeError: They aren't; the error names those that are.
        """
        essence = content_type.partition(";")[0].strip().lower()
        if essence not in {accepted.lower() for accepted in self.content_types}:
            raise UnsupportedTypeError(f"Not an accepted type; accepted are {', '.join(self.content_types)}.")

    def check_size(self, size_bytes: int, *, in_parts: bool) -> None:
        """Return if a file of this size is accepted, in one request or in parts.

        Raises:
            UploadTooLargeError: It isn't; the error says what is, and whether it may come in parts.
        """
        if size_bytes > self.max_bytes:
            raise UploadTooLargeError(f"The file is larger than {self.max_bytes} bytes.")
        if not in_parts and size_bytes > self.max_single_bytes:
            raise UploadTooLargeError(
                f"The file is larger than the {self.max_single_bytes} bytes that S3 takes at once; upload it in parts."
            )
