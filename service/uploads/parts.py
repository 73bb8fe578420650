"""The rules for the parts of a multipart upload: their numbers, their lengths, and the ETag of the whole. Pure.

S3 stores every part that is sent, and charges for it until the upload ends. The length of a part is signed if it is
known. If it isn't, S3 accepts up to 5 GiB, so the service looks at the stored parts before it signs another one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from transcode.errors import InvalidPartsError, UploadTooLargeError

MAX_PARTS = 10_000
"""S3's own limit."""
MIN_PART_BYTES = 5 * 1024**2
"""S3's own limit for every part but the last."""
MAX_PART_BYTES = 5 * 1024**3
"""S3's own limit."""
MAX_MISSING_PARTS = 100
"""Parts of unknown length that may be signed before S3 has them. A client sends fewer at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPlan:
    """The parts that an upload of up to `max_bytes` may have.

    `is_announced` is true if the file has exactly `max_bytes`. `part_bytes` is the length of each part but the last, if
    the client stated it.
    """

    max_bytes: int
    is_announced: bool
    part_bytes: int | None = None

    @property
    def max_number(self) -> int:
        """The largest part number that the upload needs."""
        smallest_bytes = self.part_bytes or MIN_PART_BYTES
        return min(MAX_PARTS, max(1, -(-self.max_bytes // smallest_bytes)))

    def check_number(self, number: int) -> None:
        """Check that the upload needs a part with this number.

        Raises:
            InvalidPartsError: It doesn't.
        """
        if number > self.max_number:
            raise InvalidPartsError(f"This upload has at most {self.max_number} parts.")

    def length_bytes(self, number: int) -> int | None:
        """Return the length of the part, which its signature binds; None if only the client knows it."""
        if not self.is_announced or (self.part_bytes is None and self.max_number > 1):
            return None
        if number < self.max_number:
            return self.part_bytes
        return self.max_bytes - (self.max_number - 1) * (self.part_bytes or 0)

    def check_room(self, number: int, stored_bytes: Mapping[int, int]) -> None:
        """Check that a part of unknown length may be signed: `stored_bytes` has the lengths of the parts that S3 has.

        Raises:
            UploadTooLargeError: The other parts have all bytes that the upload may have, or more.
            InvalidPartsError: Too many parts before this one are missing.
        """
        if sum(stored_bytes.values()) - stored_bytes.get(number, 0) >= self.max_bytes:
            raise UploadTooLargeError(
                f"The parts have {self.max_bytes} bytes or more, which is all that this upload may have."
            )
        missing = number - 1 - sum(each < number for each in stored_bytes)
        if missing >= MAX_MISSING_PARTS:
            raise InvalidPartsError(
                f"Send the parts before this one first: at most {MAX_MISSING_PARTS} may be on their way. An upload "
                "that states its part_size has no such limit."
            )


def stated_part_bytes(part_bytes: int | None, *, announced_bytes: int | None) -> int | None:
    """Return the length of parts that a client states, if a file of the announced length can have such parts.

    >>> stated_part_bytes(8 * 1024**2, announced_bytes=10**9)
    8388608
    >>> stated_part_bytes(1_000, announced_bytes=10**9), stated_part_bytes(8 * 1024**2, announced_bytes=None)
    (None, None)
    """
    if part_bytes is None or announced_bytes is None or not MIN_PART_BYTES <= part_bytes <= MAX_PART_BYTES:
        return None
    return part_bytes if announced_bytes <= part_bytes * MAX_PARTS else None


def etag_of_parts(etags: Mapping[int, str]) -> str | None:
    """Return the ETag of the object that S3 makes from these parts: ETags by part number.

    None if an ETag is not an MD5, as in a bucket that encrypts with KMS.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html

    >>> etag_of_parts({1: "d41d8cd98f00b204e9800998ecf8427e"})
    '59adb24ef3cdbe0297f05b395827453f-1'
    """
    try:
        digests = [bytes.fromhex(etags[number].strip('"')) for number in sorted(etags)]
    except ValueError:
        return None
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"
