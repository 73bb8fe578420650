"""The rules for the parts of a multipart upload. Pure."""

import hashlib
from collections.abc import Mapping


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
