"""Takes out of MediaConvert's messages what a stranger must not see: buckets, accounts, ARNs, roles, signed URLs."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

LONGEST = 500
LONGEST_READ = 4_000
"""Characters of a message that are looked at, which bounds the time that it takes."""

_S3_URI = re.compile(r"s3(?:ssl)?://[^/\s\]\)'\",]+(?:/[^\s\]\)'\",]*)?", re.IGNORECASE)
_S3_URI_BRACKETED = re.compile(r"\[(s3(?:ssl)?://[^\]]*)\]", re.IGNORECASE)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\]\)'\",]+", re.IGNORECASE)
_ARN = re.compile(r"\barn:aws[a-z-]*:[^\s\]\)'\",]+", re.IGNORECASE)
_ROLE = re.compile(r"\b(?:assumed-)?role/[\w+=,.@/-]+")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_HOST = re.compile(r"\b[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?\b", re.IGNORECASE)
_SIGNATURE = re.compile(
    r"\b(?:X-Amz-[\w-]+|AWSAccessKeyId|Signature|Policy|Key-Pair-Id)=[^\s\]\)'\",&]+&?", re.IGNORECASE
)
"""What is left of a signed URL that broke off early, or had no scheme."""
_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_STAND_INS = (
    (_URL, "(address)"),
    (_ARN, "(resource)"),
    (_ROLE, "(role)"),
    (_HOST, "(address)"),
    (_SIGNATURE, "(hidden)"),
    (_ACCESS_KEY, "(hidden)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanitiser:
    """Knows the names that must not leave: the buckets, the role, whatever is configured."""

    secrets: tuple[str, ...] = ()

    def clean(self, message: str) -> str:
        """Return the message with the file's own name where its address stood, at most 500 characters.

        >>> Sanitiser().clean("Unable to open input file [s3://my-bucket/uploads/7f3a/cat.mp4]: denied")
        'Unable to open input file [cat.mp4]: denied'
        """
        message = _CONTROL.sub(" ", message)
        if len(message) > LONGEST_READ:
            # The word that the cut goes through could be half a secret.
            message = message[:LONGEST_READ].rpartition(" ")[0] or message[:LONGEST_READ]
        # In brackets a key may hold spaces; bare, it ends at the first.
        message = _S3_URI_BRACKETED.sub(lambda match: f"[{_file_name(match[1])}]", message)
        message = _S3_URI.sub(lambda match: _file_name(match[0]), message)
        for pattern, stand_in in _STAND_INS:
            message = pattern.sub(stand_in, message)
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            message = message.replace(secret, "(hidden)")
        message = _ACCOUNT.sub("(account)", message).strip()
        return message if len(message) <= LONGEST else message[: LONGEST - 1] + "…"


def _file_name(uri: str) -> str:
    path = uri.split("://", 1)[1].partition("/")[2].split("?", 1)[0]
    return _CONTROL.sub(" ", unquote(path)).rstrip("/").rsplit("/", 1)[-1] or "(bucket)"
