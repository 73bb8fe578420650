"""The rule for which uploads are accepted, by type and size. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from service.uploads.parts import PartPlan
from transcode.errors import UnsupportedTypeError, UploadTooLargeError

MAX_SINGLE_BYTES = 5 * 1024**3
"""S3's own limit for one PUT or POST; larger files must be uploaded in parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The content types and sizes that this deployment accepts."""

    content_types: Collection[str]
    max_bytes: int

    def part_plan(self, *, announced_bytes: int | None, part_bytes: int | None) -> PartPlan:
        """Return the parts that an upload may have."""
        max_bytes = min(self.max_bytes, announced_bytes or self.max_bytes)
        return PartPlan(max_bytes=max_bytes, is_announced=announced_bytes is not None, part_bytes=part_bytes)

    @property
    def max_single_bytes(self) -> int:
        """The largest file that a client may upload in one request."""
        return min(self.max_bytes, MAX_SINGLE_BYTES)

    def check_type(self, content_type: str) -> None:
        """Check the content type, without regard to its case and parameters (`video/webm;codecs=vp9`).

        Raises:
            UnsupportedTypeError: The type is not accepted; the error names the accepted types.
        """
        essence = content_type.partition(";")[0].strip().lower()
        if essence not in {accepted.lower() for accepted in self.content_types}:
            raise UnsupportedTypeError(
                f"The content type is not accepted; accepted types: {', '.join(self.content_types)}."
            )

    def check_size(self, size_bytes: int, *, in_parts: bool) -> None:
        """Check the size of a file that is uploaded in one request or in parts.

        Raises:
            UploadTooLargeError: The file is too large; the error says the limit, and whether parts would be accepted.
        """
        if size_bytes > self.max_bytes:
            raise UploadTooLargeError(f"The file is larger than {self.max_bytes} bytes.")
        if not in_parts and size_bytes > self.max_single_bytes:
            raise UploadTooLargeError(
                f"The file is larger than {self.max_single_bytes} bytes, S3's limit per request; upload it in parts."
            )
