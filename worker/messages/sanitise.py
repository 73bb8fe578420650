"""Removal of secrets from MediaConvert's messages: buckets, accounts, ARNs, roles, signed URLs."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

MAX_CHARACTERS = 500
MAX_INPUT_CHARACTERS = 4_000
"""Characters of a message that are read; the limit bounds the processing time."""

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
"""A query parameter of a signed URL: the rest of a URL that was cut short or had no scheme."""
_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_REPLACEMENTS = (
    (_URL, "(address)"),
    (_ARN, "(resource)"),
    (_ROLE, "(role)"),
    (_HOST, "(address)"),
    (_SIGNATURE, "(hidden)"),
    (_ACCESS_KEY, "(hidden)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanitiser:
    """Removes secrets from messages. `secrets` are the configured names: the buckets and the role."""

    secrets: tuple[str, ...] = ()

    def clean(self, message: str) -> str:
        """Return the message without secrets, with file names instead of S3 URIs; at most 500 characters.

        >>> Sanitiser().clean("Unable to open input file [s3://my-bucket/uploads/7f3a/cat.mp4]: denied")
        'Unable to open input file [cat.mp4]: denied'
        """
        message = _CONTROL.sub(" ", message)
        if len(message) > MAX_INPUT_CHARACTERS:
            # Drop the last word too, because it could be half a secret that the patterns don't recognise.
            message = message[:MAX_INPUT_CHARACTERS].rpartition(" ")[0] or message[:MAX_INPUT_CHARACTERS]
        # Inside brackets, a key can contain spaces. Without brackets, the key ends at the first space.
        message = _S3_URI_BRACKETED.sub(lambda match: f"[{_file_name(match[1])}]", message)
        message = _S3_URI.sub(lambda match: _file_name(match[0]), message)
        for pattern, replacement in _REPLACEMENTS:
            message = pattern.sub(replacement, message)
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            message = message.replace(secret, "(hidden)")
        message = _ACCOUNT.sub("(account)", message).strip()
        return message if len(message) <= MAX_CHARACTERS else message[: MAX_CHARACTERS - 1] + "…"


def _file_name(uri: str) -> str:
    path = uri.split("://", 1)[1].partition("/")[2].split("?", 1)[0]
    return _CONTROL.sub(" ", unquote(path)).rstrip("/").rsplit("/", 1)[-1] or "(bucket)"
